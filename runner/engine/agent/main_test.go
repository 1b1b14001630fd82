package agent_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/engine/agent"
	"github.com/squallhq/squall/runner/engine/family"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
)

// The test binary plays the program's hidden commands, and a program of somebody else's.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "agent":
			beAgent()
		case "node":
			beNode()
		case "keeper":
			beKeeper(os.Args[2], os.Args[3])
		case "eater":
			beEater()
		}
	}
	os.Exit(m.Run())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func beAgent() {
	var c agent.Config
	check(json.NewDecoder(os.Stdin).Decode(&c))
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	code, err := agent.Serve(ctx, c, os.Stderr, func(at agent.Addresses) { check(json.NewEncoder(os.Stdout).Encode(at)) })
	check(err)
	os.Exit(code)
}

func beNode() {
	var c node.Config
	check(json.NewDecoder(os.Stdin).Decode(&c))
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	check(node.Serve(ctx, c, node.Environment{Network: node.TCP{}}, func(a wire.Addresses) { check(json.NewEncoder(os.Stdout).Encode(a)) }))
	os.Exit(0)
}

// beKeeper keeps what it is given, in a file, and says it again: somebody else's program with data and a port.
func beKeeper(address, file string) {
	fmt.Println("the keeper begins with", os.Getenv("KEPT_FOR"))
	listener, err := net.Listen("tcp", address)
	check(err)
	check(http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			data, _ := io.ReadAll(r.Body)
			check(os.WriteFile(file, data, 0o600))
			return
		}
		data, _ := os.ReadFile(file)
		_, _ = w.Write(data)
	})))
}

// beEater takes memory until it is killed.
func beEater() {
	var all [][]byte
	for {
		one := make([]byte, 1<<20)
		for n := range one {
			one[n] = 1
		}
		all = append(all, one)
		if len(all) > 4<<10 {
			os.Exit(1) // nobody killed it
		}
	}
}

const token = "the agent's token"

// stand is an agent that runs as a process here.
type stand struct {
	*agent.Client
	cmd *exec.Cmd
	at  string
}

// startAgent starts an agent, wrapped in the words before it where there are some.
func startAgent(t *testing.T, c agent.Config, before ...string) *stand {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return startProgram(t, c, append(append([]string{}, before...), exe, "agent")...)
}

// startProgram starts an agent by its words.
func startProgram(t *testing.T, c agent.Config, words ...string) *stand {
	t.Helper()
	if c.Control == "" {
		c.Control = "unix:" + filepath.Join(t.TempDir(), "agent.sock")
	}
	if c.Instance = "it-1"; c.TokenFile == "" {
		c.Token = token
	}
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{cmd: exec.Command(words[0], words[1:]...)}
	s.cmd.Env = append(os.Environ(), "KEPT_FOR=us")
	s.cmd.Stderr = os.Stderr
	in, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = s.cmd.Wait() // its code is the program's
	})
	if _, err := in.Write(data); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var at agent.Addresses
	if err == nil {
		err = json.Unmarshal(line, &at)
	}
	if err != nil {
		t.Fatalf("the agent did not say where it listens: %q, %v", line, err)
	}
	s.at = at.Control
	go io.Copy(io.Discard, out) //nolint:errcheck // it ends with the agent
	s.Client = agent.NewClient(token, s.dial)
	t.Cleanup(s.Close)
	return s
}

func (s *stand) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	if path, is := strings.CutPrefix(s.at, "unix:"); is {
		return d.DialContext(ctx, "unix", path)
	}
	return d.DialContext(ctx, "tcp", s.at)
}

// begin starts what it runs.
func (s *stand) begin(t *testing.T) agent.Done {
	t.Helper()
	done, err := s.Start(t.Context(), agent.Start{})
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func (s *stand) look(t *testing.T) agent.State {
	t.Helper()
	state, err := s.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

// event waits for the first event of a kind after a number.
func (s *stand) event(t *testing.T, kind agent.EventKind, after int64) agent.Event {
	t.Helper()
	e, err := s.await(t.Context(), kind, after)
	if err != nil {
		t.Fatalf("wait until it %s: %v", kind, err)
	}
	return e
}

// await is event of an agent that may have ended.
func (s *stand) await(ctx context.Context, kind agent.EventKind, after int64) (agent.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		events, err := s.Events(ctx, after)
		if err != nil {
			return agent.Event{}, err
		}
		for _, e := range events {
			if e.Kind == kind {
				return e, nil
			}
			after = e.Number
		}
	}
}

// there tells that a process is there and has not ended.
func there(pid int) bool {
	_, known := family.Stopped(pid)
	return known
}

// free is an address of this machine that nobody has.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// keeper is what runs somebody else's program.
func keeper(t *testing.T) (c agent.Config, at string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	at = free(t)
	return agent.Config{Program: []string{exe, "keeper", at, filepath.Join(t.TempDir(), "kept")}}, at
}

func ask(t *testing.T, method, at, body string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+at, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	return string(data), err
}

// refused tells that nobody listens at an address: at once, as after a crash.
func refused(at string) bool {
	c, err := net.DialTimeout("tcp", at, 5*time.Second)
	if err == nil {
		_ = c.Close()
		return false
	}
	return strings.Contains(err.Error(), syscall.ECONNREFUSED.Error())
}
