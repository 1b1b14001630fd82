package agent_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/engine/agent"
)

// follow takes the log from its begin, over all that breaks it off.
func follow(t *testing.T, s *stand) func() string {
	t.Helper()
	var mu sync.Mutex
	var text bytes.Buffer
	ctx, cancel := context.WithCancel(t.Context())
	var following sync.WaitGroup
	t.Cleanup(func() { cancel(); following.Wait() })
	following.Go(func() {
		if _, _, err := s.Log(ctx, 0, writer(func(p []byte) {
			mu.Lock()
			defer mu.Unlock()
			text.Write(p)
		})); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return text.String()
	}
}

type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// What an orphan leaves is reaped, wherever it was in the tree, and no exit code that somebody waits for is taken.
func TestOrphansAreReaped(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	// Each leaves a process whose parent has ended; it ends soon, and nobody but the agent is there to reap it.
	s := startAgent(t, shell("for i in 1 2 3 4 5; do (sh -c 'echo $$ >> "+file+"; sleep 0.05' &) ; done; while :; do sleep 1000; done"))
	s.begin(t)
	orphans := pids(t, file, 5)
	eventually(t, "five orphans are reaped", func() bool { return s.look(t).Orphans >= 5 })
	for _, pid := range orphans {
		if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
			t.Errorf("of %d there is something left: %v", pid, err)
		}
	}
	for range 20 { // each ends while orphans may be reaped
		if said, err := s.Run(t.Context(), []string{"sh", "-c", "(sleep 0.001 &); echo fine"}, time.Minute); said != "fine" || err != nil {
			t.Fatalf("a command whose exit code somebody waits for: %q, %v", said, err)
		}
	}
}

// An agent that is killed takes its child with it, and one whose parent has gone ends what it runs.
func TestTheInstanceDiesWithTheAgent(t *testing.T) {
	t.Parallel()
	c, at := keeper(t)
	s := startAgent(t, c)
	s.begin(t)
	healthy(t, s, at)
	pid := s.look(t).PID
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the child of a killed agent ends", func() bool { return !there(pid) })
	eventually(t, "what it ran refuses", func() bool { return refused(at) }) // its threads end after its first
}

// Asked to end, the agent asks what it runs, and ends with its exit code.
func TestTheAgentEndsWithItsInstance(t *testing.T) {
	t.Parallel()
	s := startAgent(t, shell("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done"))
	said := follow(t, s)
	s.begin(t)
	eventually(t, "it is ready", func() bool { return strings.Contains(said(), "ready") })
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // its code follows
	if code := s.cmd.ProcessState.ExitCode(); code != 9 {
		t.Errorf("the agent ended with %d, want what it ran ended with, 9", code)
	}
}

// inNamespace are words that make what follows process 1 of a namespace of its own; the test is skipped where that is not permitted.
func inNamespace(t *testing.T) []string {
	t.Helper()
	words := []string{"unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc"}
	if err := exec.Command(words[0], append(words[1:], "true")...).Run(); err != nil {
		t.Skipf("no namespace of process ids can be made here (%v): an agent as process 1 is tested where it can", err)
	}
	return words
}

// As process 1 of a namespace it reaps, ends what it is asked to, and takes everything with it when it is killed, be it out of its group
// and its session.
func TestAsProcessOne(t *testing.T) {
	t.Parallel()
	words := inNamespace(t)
	file := filepath.Join(t.TempDir(), "inodes")
	// A process of another namespace is known by a file that it holds open.
	s := startAgent(t, shell("setsid sh -c 'exec 9>"+file+"; while :; do sleep 1000; done' & (sleep 0.01 &); while :; do sleep 0.01; done"), words...)
	s.begin(t)
	if state := s.look(t); state.PID >= 100 {
		t.Errorf("its child is process %d: it is in no namespace of its own", state.PID)
	}
	eventually(t, "an orphan is reaped", func() bool { return s.look(t).Orphans > 0 })
	eventually(t, "a process out of its session is there", func() bool { return holds(t, file) > 0 })
	one := holds(t, file)
	if _, err := s.Kill(t.Context(), agent.When{}); err != nil {
		t.Fatal(err)
	}
	if there(one) {
		t.Error("a kill left what was out of its session")
	}
	s.begin(t)
	eventually(t, "a process out of its session is there", func() bool { return holds(t, file) > 0 })
	one = holds(t, file)
	if err := s.cmd.Process.Kill(); err != nil { // unshare's, whose child the kernel kills with it (--kill-child)
		t.Fatal(err)
	}
	eventually(t, "all of its namespace ends with it", func() bool { return !there(one) })
}

// holds is a process that has a file open; 0: none has.
func holds(t *testing.T, file string) int {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/fd/9")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == file {
			pid := 0
			for _, c := range strings.Split(link, "/")[2] {
				pid = pid*10 + int(c-'0')
			}
			return pid
		}
	}
	return 0
}

// Nobody is heard who has no token, and nobody else of the machine reaches its socket.
func TestOnlyTheTokenIsHeard(t *testing.T) {
	t.Parallel()
	c, _ := keeper(t)
	s := startAgent(t, c)
	is, err := os.Stat(strings.TrimPrefix(s.at, "unix:"))
	if err != nil || is.Mode().Perm() != 0o600 {
		t.Errorf("its socket: %v, %v, want one for its user alone", is.Mode(), err)
	}
	for _, wrong := range []string{"", "x", token + "x", token[1:]} {
		stranger := agent.NewClient(wrong, s.dial)
		defer stranger.Close()
		if _, err := stranger.Start(t.Context(), agent.Start{}); err == nil || !strings.Contains(err.Error(), "access denied") {
			t.Errorf("with the token %q: %v", wrong, err)
		}
		if _, _, err := stranger.Log(t.Context(), 0, writer(func([]byte) {})); err == nil || !strings.Contains(err.Error(), "access denied") {
			t.Errorf("the log with the token %q: %v", wrong, err)
		}
	}
	if state := s.look(t); state.Phase != agent.Idle {
		t.Errorf("a stranger made it %s", state.Phase)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.TokenFile = file
	if state := startAgent(t, c).look(t); state.Phase != agent.Idle {
		t.Errorf("with its token in a file it is %s", state.Phase)
	}
	for _, bad := range []agent.Config{{Control: "127.0.0.1:0"}, {Control: "nowhere", Token: "x"}, {Control: "unix:", Token: "x"}} {
		if _, err := agent.Serve(t.Context(), bad, nil, func(agent.Addresses) { t.Errorf("%+v is served", bad) }); err == nil {
			t.Errorf("%+v is no error", bad)
		}
	}
}

// The log goes on over all incarnations, each of which says where its words begin; on an address it is reached as on a socket.
func TestLogOverIncarnations(t *testing.T) {
	t.Parallel()
	c := shell("echo one for $KEPT_FOR and $MORE; echo two >&2; exit 1")
	c.Control, c.Env = "127.0.0.1:0", []string{"MORE=more"}
	s := startAgent(t, c)
	said := follow(t, s)
	const words = "one for us and more\ntwo\n"
	var from int64
	for n := range 3 {
		s.begin(t)
		e := s.event(t, agent.Ends, from)
		if e.Exit.Words != "one for us and more | two" {
			t.Errorf("incarnation %d: its last words are %q", n+1, e.Exit.Words)
		}
		from = e.Number
	}
	eventually(t, "all its words come", func() bool { return said() == strings.Repeat(words, 3) })
	events, err := s.Events(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for n, e := range events {
		if e.Kind == agent.Begins && e.Log != int64(n/2*len(words)) {
			t.Errorf("incarnation %d begins at byte %d of the log, want %d", e.Incarnation, e.Log, n/2*len(words))
		}
	}
}
