package node_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

// edgeTo is a network in which a broker is behind one address, which is not the one that it advertises, and can be cut off.
type edgeTo struct {
	node.TCP
	broker string
	mu     sync.Mutex
	cut    bool
	conns  []net.Conn
}

func (e *edgeTo) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if address != "edge:9092" {
		return nil, fmt.Errorf("%s is dialed, which is not the edge", address)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cut {
		return nil, errors.New("refused")
	}
	conn, err := e.TCP.DialContext(ctx, network, e.broker)
	if err == nil {
		e.conns = append(e.conns, conn)
	}
	return conn, err
}

func (e *edgeTo) setCut(cut bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cut = cut
	for _, c := range e.conns {
		_ = c.Close() // one may be closed already
	}
	e.conns = nil
}

// kafkaWorld is a service before a Kafka that franz-go's own test server plays.
type kafkaWorld struct {
	t    *testing.T
	edge *edgeTo
}

func newKafka(t *testing.T) *kafkaWorld {
	t.Helper()
	return &kafkaWorld{t: t, edge: &edgeTo{broker: fakeKafka(t, 1).ListenAddrs()[0]}}
}

func fakeKafka(t *testing.T, brokers int, more ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(append(more, kfake.NumBrokers(brokers))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

// service starts one whose pops wait for 300 ms, and returns how it is asked.
func (w *kafkaWorld) service(name string, atMostOnce bool) func(path, id string) (status int, body, wrote string) {
	w.t.Helper()
	pop := scenarios.Step{Pop: scenarios.Pop{Pop: "orders", Wait: 300 * time.Millisecond}, Policy: scenarios.Policy{Timeout: 10 * time.Second}}
	write := scenarios.Step{Write: "orders", Policy: scenarios.Policy{Timeout: 3 * time.Second}}
	answers := func(status int) scenarios.Step {
		return scenarios.Step{Respond: &scenarios.Respond{Status: status, Body: scenarios.Content{Text: "{key} {id}"}}}
	}
	at := start(w.t, w.edge, node.Config{
		Node: scenarios.Node{Name: name, Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
			{Match: "POST /orders/{order}", Steps: []scenarios.Step{write}},
			{Match: "POST /take", Steps: []scenarios.Step{pop, answers(200)}},
			{Match: "POST /fail", Steps: []scenarios.Step{pop, answers(500)}},
			{Match: "POST /hold", Steps: []scenarios.Step{pop, {Work: &scenarios.Work{Mean: 3 * time.Second}}, answers(200)}},
		}}},
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: w.t.TempDir(),
		Upstreams: map[string][]node.Upstream{"orders": {{
			Instance: "orders-1", Address: "edge:9092", Kind: scenarios.KindQueue, Speaks: parts.SpeaksKafka, AtMostOnce: atMostOnce,
		}}},
	})
	return func(path, id string) (int, string, string) {
		request, err := http.NewRequest(http.MethodPost, "http://"+at.Listen+path, nil)
		if err != nil {
			w.t.Error(err)
			return 0, "", ""
		}
		request.Header.Set(wire.HeaderRequest, id)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			w.t.Error(err)
			return 0, "", ""
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body) // what came is looked at
		return answer.StatusCode, string(text), answer.Header.Get(wire.HeaderWrote)
	}
}

func (w *kafkaWorld) readBack() map[string]int {
	w.t.Helper()
	found, err := node.ReadBack(w.t.Context(), func(ctx context.Context) (net.Conn, error) { return w.edge.DialContext(ctx, "tcp", "edge:9092") },
		&scenarios.Node{Name: "orders", Kind: scenarios.KindQueue, Image: "apache/kafka:3.9.0"})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// Every connection goes through the edge, whatever the broker advertises. What is acknowledged is read back; what can't be sent is
// acknowledged to nobody, and is not sent later either; what was taken by a request that fails comes again, and nothing else.
func TestKafkaAtLeastOnce(t *testing.T) {
	w := newKafka(t)
	if found := w.readBack(); len(found) != 0 {
		t.Errorf("a broker that nothing was sent to has %v", found)
	}
	ask := w.service("shop", false)
	if status, body, _ := ask("/take", "none"); status != 204 {
		t.Fatalf("an empty topic is answered %d: %s", status, body)
	}
	acknowledged, left := map[string]int{}, map[string]string{}
	publish := func(n int) bool {
		status, _, wrote := ask(fmt.Sprint("/orders/", n), fmt.Sprint("put", n))
		id, ok := strings.CutPrefix(wrote, "orders/")
		if ok != (status == 200) {
			t.Errorf("a message is answered %d and acknowledged as %q", status, wrote)
		}
		if ok {
			acknowledged[id]++
			left[fmt.Sprint(n)] = id
		}
		return ok
	}
	for n := range 20 {
		if !publish(n) {
			t.Fatal("a message is not accepted without a fault")
		}
	}
	if status, _, _ := ask("/fail", "fail"); status != 500 {
		t.Errorf("a pop whose request fails is answered %d", status)
	}
	w.edge.setCut(true)
	if publish(100) {
		t.Error("a message without a broker is acknowledged")
	}
	if status, body, _ := ask("/take", "away"); status < 500 {
		// One that had been fetched ahead is a message as any other.
		key, _, _ := strings.Cut(body, " ")
		delete(left, key)
		if status == 204 {
			t.Error("a broker that is away is said to have no message")
		}
	}
	w.edge.setCut(false)
	for n, deadline := 200, time.Now().Add(20*time.Second); !publish(n); n++ {
		if time.Now().After(deadline) {
			t.Fatal("the service does not find back to its broker")
		}
	}
	for deadline := time.Now().Add(20 * time.Second); len(left) > 0; {
		status, body, _ := ask("/take", fmt.Sprint("take", len(left)))
		key, id, _ := strings.Cut(body, " ")
		if status == 200 && left[key] != id {
			t.Errorf("got order %q as %q, want %q: twice, or another's", key, id, left[key])
		}
		delete(left, key)
		if time.Now().After(deadline) {
			t.Fatalf("%d messages do not come: %v", len(left), left)
		}
	}
	if status, body, _ := ask("/take", "drained"); status != 204 {
		t.Errorf("after the last comes %d: %s", status, body)
	}
	if found := w.readBack(); !maps.Equal(found, acknowledged) {
		t.Errorf("the topic holds %v, want what was acknowledged: %v", found, acknowledged)
	}
}

// What was committed does not come again to the next member of the group; what was with a request that had not ended does, and what was
// done after it in its partition, since Kafka's acknowledgement is a position. Here a member falls silent: its session has to end first.
func TestKafkaGivesAgainWhatWasNotCommitted(t *testing.T) {
	w := newKafka(t)
	take := func(ask func(string, string) (int, string, string), path string) string {
		status, body, _ := ask(path, "take")
		for deadline := time.Now().Add(30 * time.Second); status != 200 && time.Now().Before(deadline); {
			status, body, _ = ask(path, "take")
		}
		_, id, _ := strings.Cut(body, " ")
		return id
	}
	var done, held, later string
	t.Run("first", func(t *testing.T) {
		first := (&kafkaWorld{t: t, edge: w.edge}).service("first", false)
		for n := range 3 {
			if status, _, _ := first("/orders/same", fmt.Sprint("put", n)); status != 200 {
				t.Fatal("a message is not accepted")
			}
		}
		done = take(first, "/take")
		holding := make(chan string, 1)
		go func() { holding <- take(first, "/hold") }()
		time.Sleep(time.Second) // it has the second one
		later = take(first, "/take")
		w.edge.setCut(true)
		held = <-holding
	})
	w.edge.setCut(false)
	if done == "" || held == "" || later == "" || done == held || held == later || done == later {
		t.Fatalf("got %q, %q and %q of three messages", done, held, later)
	}
	second := w.service("second", false)
	if one, two := take(second, "/take"), take(second, "/take"); one != held || two != later {
		t.Errorf("the next member got %q and %q, want what was not acknowledged, %q, and what was after it, %q", one, two, held, later)
	}
	if status, body, _ := second("/take", "drained"); status != 204 {
		t.Errorf("after the last comes %d: %s", status, body)
	}
}

// At most once, a message is committed before it is given away: a request that fails has lost it.
func TestKafkaAtMostOnce(t *testing.T) {
	w := newKafka(t)
	ask := w.service("shop", true)
	for n := range 3 {
		if status, _, _ := ask("/orders/same", fmt.Sprint("put", n)); status != 200 {
			t.Fatal("a message is not accepted")
		}
	}
	got := map[string]bool{}
	for deadline := time.Now().Add(20 * time.Second); len(got) < 3 && time.Now().Before(deadline); {
		path := "/fail"
		if len(got) > 0 {
			path = "/take"
		}
		status, body, _ := ask(path, "take")
		if status == 204 {
			continue
		}
		_, id, _ := strings.Cut(body, " ")
		if status == 500 && id == "" {
			id = "the first"
		}
		if got[id] {
			t.Errorf("%q came twice", id)
		}
		got[id] = true
	}
	if len(got) != 3 {
		t.Errorf("got %v of three messages", got)
	}
	if status, body, _ := ask("/take", "drained"); status != 204 {
		t.Errorf("after the last comes %d: %s", status, body)
	}
}

// A broker that comes back without its data is given the topic again, and its messages come.
func TestKafkaWithoutItsData(t *testing.T) {
	w := newKafka(t)
	ask := w.service("shop", false)
	if status, _, _ := ask("/orders/1", "before"); status != 200 {
		t.Fatal("a message is not accepted")
	}
	w.edge.setCut(true)
	w.edge.broker = fakeKafka(t, 1).ListenAddrs()[0]
	w.edge.setCut(false)
	for n, deadline := 0, time.Now().Add(20*time.Second); ; n++ {
		if status, body, _ := ask("/orders/2", fmt.Sprint("after", n)); status == 200 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("no message is accepted any more: %d %s", status, body)
		}
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		if status, body, _ := ask("/take", "take"); status == 200 && strings.HasPrefix(body, "2 ") {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("the message does not come: %d %s", status, body)
		}
	}
}

// An edge leads to one broker: a cluster of several is refused rather than half spoken to.
func TestKafkaOfSeveralBrokers(t *testing.T) {
	w := &kafkaWorld{t: t, edge: &edgeTo{broker: fakeKafka(t, 3).ListenAddrs()[0]}}
	if status, body, _ := w.service("shop", false)("/orders/1", "one"); status != 502 || !strings.Contains(body, "cluster of 3 brokers") {
		t.Errorf("a message to one of three is answered %d: %s", status, body)
	}
}
