package node_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/node/internal/broker"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// crashConfig is the environment variable that makes the test binary a node.
const crashConfig = "SQUALL_TEST_NODE"

// crashRole is what this process is to do in place of tests, nil for tests. The child says where it listens on its standard output.
func crashRole() func() {
	text := os.Getenv(crashConfig)
	if text == "" {
		return nil
	}
	return func() {
		var c node.Config
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			panic(err)
		}
		err := node.Serve(context.Background(), c, node.Environment{Network: node.TCP{}}, func(a wire.Addresses) { fmt.Println(a.Listen) })
		fmt.Fprintln(os.Stderr, err)
	}
}

// child is a node in a process of its own.
type child struct {
	command *exec.Cmd
	address string
}

func startChild(t *testing.T, c node.Config) *child {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), crashConfig+"="+string(text))
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	one := &child{command: command}
	t.Cleanup(one.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("read the child's address: %v", err)
	}
	one.address = strings.TrimSpace(line)
	return one
}

// kill is kill -9; it may be called twice.
func (c *child) kill() {
	c.command.Process.Kill() //nolint:errcheck // it may be gone already
	c.command.Wait()         //nolint:errcheck // killed is how it is to end
}

// ledger is what was acknowledged.
type ledger struct {
	mu    sync.Mutex
	wrote map[string]bool
}

func (l *ledger) add(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wrote[id] = true
}

func (l *ledger) size() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.wrote)
}

// check finds every acknowledged write, exactly once, and nothing that was never sent.
func (l *ledger) check(t *testing.T, round int, got map[string]int, prefix string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.wrote {
		if got[id] != 1 {
			t.Errorf("round %d: acknowledged write %q is there %d times", round, id, got[id])
		}
	}
	for id, n := range got {
		if n != 1 || !strings.HasPrefix(id, prefix) {
			t.Errorf("round %d: write %q is there %d times", round, id, n)
		}
	}
	t.Logf("round %d: %d acknowledged, %d there", round, len(l.wrote), len(got))
}

// batter runs eight writers against a child until it dies, killed at a random moment after it has acknowledged some.
func batter(t *testing.T, one *child, acknowledged *ledger, write func(ctx context.Context, worker int) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var writers sync.WaitGroup
	start := acknowledged.size()
	for worker := range 8 {
		writers.Go(func() {
			for ctx.Err() == nil && write(ctx, worker) == nil {
			}
		})
	}
	for acknowledged.size() < start+20 && ctx.Err() == nil {
		time.Sleep(time.Millisecond) // polls a condition
	}
	time.Sleep(time.Duration(rand.IntN(100_000)) * time.Microsecond) // the random moment is the test's subject
	one.kill()
	writers.Wait()
	if acknowledged.size() < start+20 {
		t.Fatalf("only %d writes were acknowledged", acknowledged.size()-start)
	}
}

const crashRounds = 6

func TestDatabaseSurvivesKill9(t *testing.T) {
	c := node.Config{
		Instance: "db-1", Node: scenarios.Node{Name: "db", Kind: scenarios.KindDatabase},
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: t.TempDir(),
	}
	acknowledged := &ledger{wrote: map[string]bool{}}
	for round := range crashRounds {
		one := startChild(t, c)
		var next [8]int
		batter(t, one, acknowledged, func(ctx context.Context, worker int) error {
			conn, err := connect(ctx, node.TCP{}, one.address, "")
			if err != nil {
				return err
			}
			defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // it is killed
			for ; ; next[worker]++ {
				id := fmt.Sprintf("w-%d-%d-%d", round, worker, next[worker])
				if _, err := conn.Exec(ctx, insert, id, id, "n", id); err != nil {
					return err
				}
				acknowledged.add(id)
			}
		})
		back := startChild(t, c)
		got, err := node.ReadWrites(t.Context(), func(ctx context.Context) (net.Conn, error) {
			return node.TCP{}.DialContext(ctx, "tcp", back.address)
		}, "")
		if err != nil {
			t.Fatal(err)
		}
		acknowledged.check(t, round, got, "w-")
		back.kill()
	}
}

func TestQueueSurvivesKill9(t *testing.T) {
	survivesKill9(t, scenarios.Node{Name: "q", Kind: scenarios.KindQueue, Delivery: scenarios.Delivery{To: &scenarios.Call{Node: "a", Method: "POST", Path: "/"}}}, "a")
}

// A stream that is killed in mid-delivery delivers everything to each of its subscribers, of each key the first time in order.
func TestStreamSurvivesKill9(t *testing.T) {
	survivesKill9(t, streamNode(4, "a", "b"), "a", "b")
}

// deliveries are what a receiver got: how often each message, and in which order they came first.
type deliveries struct {
	mu    sync.Mutex
	times map[string]int
	order []string
}

// survivesKill9 kills a queue or stream in mid-delivery, again and again. What it acknowledged is delivered to each receiver.
func survivesKill9(t *testing.T, n scenarios.Node, receivers ...string) {
	c := node.Config{
		Instance: "q-1", Node: n, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: t.TempDir(), Upstreams: map[string][]node.Upstream{},
	}
	got := map[string]*deliveries{}
	for _, name := range receivers {
		one := &deliveries{times: map[string]int{}}
		got[name] = one
		c.Upstreams[name] = upstream(name, scenarios.KindService, newReceiver(t, func(r *http.Request) {
			one.mu.Lock()
			defer one.mu.Unlock()
			id := r.Header.Get(wire.HeaderWrite)
			if one.times[id]++; one.times[id] == 1 {
				one.order = append(one.order, id)
			}
		}))
	}
	acknowledged := &ledger{wrote: map[string]bool{}}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for round := range crashRounds {
		one := startChild(t, c)
		var next [8]int
		batter(t, one, acknowledged, func(ctx context.Context, worker int) error {
			id := fmt.Sprintf("m-%d-%d-%06d", round, worker, next[worker])
			next[worker]++
			if err := publishTo(ctx, client, one.address, id, fmt.Sprint(worker)); err != nil {
				return err
			}
			acknowledged.add(id)
			return nil
		})
		back := startChild(t, c)
		queue := awaitDelivery(t, client, back.address)
		acknowledged.check(t, round, queue.Writes, "m-")
		back.kill()
	}
	for name, one := range got {
		one.check(t, name, acknowledged, n.Kind == scenarios.KindStream)
	}
}

// publishTo sends a message about a key; an error is whatever is not its acknowledgement.
func publishTo(ctx context.Context, client *http.Client, address, id, key string) error {
	r, err := http.NewRequestWithContext(ctx, "POST", "http://"+address+"/messages", strings.NewReader(id))
	if err != nil {
		return err
	}
	r.Header.Set(wire.HeaderWrite, id)
	r.Header.Set(wire.HeaderMessageKey, key)
	response, err := client.Do(r)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		return fmt.Errorf("answered %d", response.StatusCode)
	}
	return nil
}

// check finds every acknowledged message, and those of one writer (which are of one key) in the order of their sending.
func (d *deliveries) check(t *testing.T, name string, acknowledged *ledger, inOrder bool) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	again := 0
	for id := range acknowledged.wrote {
		if d.times[id] == 0 {
			t.Errorf("message %q was never delivered to %s", id, name)
		}
		again += d.times[id] - 1
	}
	last := map[string]string{}
	for _, id := range d.order {
		writer := id[:len("m-0-0")]
		if inOrder && id < last[writer] {
			t.Errorf("%s got %s after %s", name, id, last[writer])
		}
		last[writer] = id
	}
	t.Logf("%d messages delivered to %s, %d deliveries were repeated", len(d.times), name, again)
}

// newReceiver is a plain HTTP server that a queue delivers to.
func newReceiver(t *testing.T, took func(*http.Request)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { took(r) })}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(l) //nolint:errcheck // it ends when it is closed
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return l.Addr().String()
}

// awaitDelivery waits until a queue's backlog is empty, a minute at most.
func awaitDelivery(t *testing.T, client *http.Client, address string) broker.QueueWrites {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		response, err := client.Get("http://" + address + "/writes")
		if err != nil {
			t.Fatal(err)
		}
		var got broker.QueueWrites
		err = json.NewDecoder(response.Body).Decode(&got)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got.Backlog == 0 {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d messages are still undelivered", got.Backlog)
		}
	}
}
