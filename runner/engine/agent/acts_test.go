package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/agent"
	"github.com/squallhq/squall/runner/engine/family"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// healthy waits until the keeper takes connections.
func healthy(t *testing.T, s *stand, at string) {
	t.Helper()
	n := &scenarios.Node{Kind: scenarios.KindImage, Image: "keeper", Container: scenarios.Container{Health: "tcp"}}
	if err := s.AwaitHealth(t.Context(), agent.Look{Node: n, Address: at}); err != nil {
		t.Fatal(err)
	}
}

// What is killed refuses at once, and comes back at its address with its data, as often as it is.
func TestKillAndStartKeepAddressAndData(t *testing.T) {
	t.Parallel()
	c, at := keeper(t)
	s := startAgent(t, c)
	if _, err := s.Kill(t.Context(), agent.When{}); !errors.Is(err, agent.ErrNotRunning) {
		t.Errorf("killing what never began: %v, want %v", err, agent.ErrNotRunning)
	}
	s.begin(t)
	healthy(t, s, at)
	if _, err := ask(t, http.MethodPut, at, "what is kept"); err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= 3; n++ {
		before := time.Now()
		done, err := s.Kill(t.Context(), agent.When{})
		if err != nil || done.Incarnation != n {
			t.Fatalf("kill: %+v, %v, want incarnation %d", done, err, n)
		}
		t.Logf("dead %s after the order, which took %s", done.At.Sub(before), time.Since(before))
		if !refused(at) {
			t.Fatal("what was killed does not refuse")
		}
		if state := s.look(t); state.Phase != agent.Ended || state.Exit.Signal != "SIGKILL" || !state.Exit.Asked {
			t.Fatalf("after a kill: %+v", state)
		}
		if again, err := s.Kill(t.Context(), agent.When{}); err != nil || !again.At.Equal(done.At) {
			t.Errorf("a second kill: %+v, %v, want the first one's answer", again, err)
		}
		s.begin(t)
		if _, err := s.Start(t.Context(), agent.Start{}); !errors.Is(err, agent.ErrRunning) {
			t.Errorf("a start of what runs: %v, want %v", err, agent.ErrRunning)
		}
		healthy(t, s, at)
		if kept, err := ask(t, http.MethodGet, at, ""); kept != "what is kept" || err != nil {
			t.Fatalf("after restart %d it has %q, %v", n, kept, err)
		}
	}
}

// A built-in node says where it listens, is healthy, and comes back with what it was told when the order says nothing.
func TestBuiltInNode(t *testing.T) {
	t.Parallel()
	s := startAgent(t, agent.Config{})
	if _, err := s.Start(t.Context(), agent.Start{}); err == nil || !strings.Contains(err.Error(), "needs a configuration") {
		t.Errorf("a start without a configuration: %v", err)
	}
	n := scenarios.Node{Name: "web", Kind: scenarios.KindService}
	config := node.Config{Run: "r", Instance: "web-1", Seed: 1, Node: n, Listen: free(t), Admin: free(t), Data: t.TempDir()}
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	done, err := s.Start(t.Context(), agent.Start{Config: data})
	if err != nil {
		t.Fatal(err)
	}
	var at wire.Addresses
	if err := json.Unmarshal(done.Said, &at); err != nil || at.Listen != config.Listen || at.Admin != config.Admin {
		t.Fatalf("it said %s, want %s and %s", done.Said, config.Listen, config.Admin)
	}
	look := agent.Look{Node: &n, Address: at.Listen, Admin: at.Admin}
	if err := s.AwaitHealth(t.Context(), look); err != nil {
		t.Fatal(err)
	}
	done, err = s.Restart(t.Context(), agent.Again{When: agent.When{Grace: 10 * time.Second}, Softly: true})
	if err != nil || done.Incarnation != 2 || !strings.Contains(string(done.Said), at.Listen) {
		t.Fatalf("restart: %+v (%s), %v", done, done.Said, err)
	}
	if err := s.AwaitHealth(t.Context(), look); err != nil {
		t.Fatal(err)
	}
	ended := s.event(t, agent.Ends, 0)
	if !ended.Exit.Well() || !ended.Exit.Asked {
		t.Errorf("asked to end it ended so: %+v", ended.Exit)
	}
}

// The program itself stands beside its own node, and ends it as a pod's end does: asked, and well.
func TestTheProgramAsAgent(t *testing.T) {
	t.Parallel()
	s := startProgram(t, agent.Config{}, squallbin.Path(t), "agent", "--config", "-")
	n := scenarios.Node{Name: "web", Kind: scenarios.KindService}
	data, err := json.Marshal(node.Config{Run: "r", Instance: "web-1", Seed: 1, Node: n, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	done, err := s.Start(t.Context(), agent.Start{Config: data})
	if err != nil {
		t.Fatal(err)
	}
	var at wire.Addresses
	if err := json.Unmarshal(done.Said, &at); err != nil {
		t.Fatal(err)
	}
	if err := s.AwaitHealth(t.Context(), agent.Look{Node: &n, Address: at.Listen, Admin: at.Admin}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stop(t.Context(), agent.When{Grace: time.Minute}); err != nil {
		t.Fatal(err)
	}
	if e := s.look(t).Exit; !e.Well() || !e.Asked {
		t.Errorf("asked to end its node ended so: %+v", e)
	}
	if _, err := s.Start(t.Context(), agent.Start{}); err != nil {
		t.Fatal(err)
	}
	pid := s.look(t).PID
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("asked to end the agent ended with %v", err)
	}
	if there(pid) {
		t.Error("its node is there after it")
	}
	wrapped := startProgram(t, agent.Config{}, squallbin.Path(t), "agent", "--config", "-", "--", "/bin/sh", "-c", "exit 6")
	wrapped.begin(t)
	if e := wrapped.event(t, agent.Ends, 0); e.Exit.Code != 6 {
		t.Errorf("a program that was given in its words ended so: %+v", e.Exit)
	}
}

// A built-in node that can't be what it is told is an error with what it said, and is gone.
func TestBuiltInNodeThatCannotBegin(t *testing.T) {
	t.Parallel()
	s := startAgent(t, agent.Config{})
	data, err := json.Marshal(node.Config{Run: "r", Instance: "web-1", Node: scenarios.Node{Name: "web", Kind: "nonsense"}, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Start(t.Context(), agent.Start{Config: data})
	if err == nil || !strings.Contains(err.Error(), "exit code 1") || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("%v, want its exit code and what it said", err)
	}
	if state := s.look(t); state.Phase != agent.Ended {
		t.Errorf("it is %s", state.Phase)
	}
}

// A restart begins not before its delay is over, and tells when it ended and when it began.
func TestRestartKeepsItsDelay(t *testing.T) {
	t.Parallel()
	c, at := keeper(t)
	s := startAgent(t, c)
	s.begin(t)
	healthy(t, s, at)
	for range 3 {
		const delay = 250 * time.Millisecond
		done, err := s.Restart(t.Context(), agent.Again{Delay: delay})
		if err != nil {
			t.Fatal(err)
		}
		away := done.At.Sub(done.Ended)
		t.Logf("away for %s, of %s", away, delay)
		if away < delay {
			t.Errorf("it began %s after its end, want %s at least", away, delay)
		}
		healthy(t, s, at)
	}
}

// An order for a time is carried out then and not before; one whose client has gone is dropped.
func TestOrdersWaitForTheirTime(t *testing.T) {
	t.Parallel()
	c, at := keeper(t)
	s := startAgent(t, c)
	begun := s.begin(t)
	healthy(t, s, at)
	gone, leave := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer leave()
	if _, err := s.Kill(gone, agent.When{At: time.Now().Add(300 * time.Millisecond)}); err == nil {
		t.Error("an order came to its end before its time")
	}
	now, err := s.Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	due := now.Add(400 * time.Millisecond)
	still, err := s.Pause(t.Context(), agent.When{At: due})
	if err != nil || still.Incarnation != begun.Incarnation {
		t.Fatalf("pause: %+v, %v, want it to run until then", still, err)
	}
	t.Logf("stood still %s after its time", still.At.Sub(due))
	if still.At.Before(due) {
		t.Errorf("it stood still %s before its time", due.Sub(still.At))
	}
	if state := s.look(t); state.Phase != agent.Paused {
		t.Errorf("it is %s", state.Phase)
	}
	if _, err := s.Resume(t.Context(), agent.When{}); err != nil {
		t.Fatal(err)
	}
	if kept, err := ask(t, http.MethodGet, at, ""); kept != "" || err != nil {
		t.Errorf("after it was let go on: %q, %v", kept, err)
	}
}

// shell runs a text by the system's shell.
func shell(text string) agent.Config {
	return agent.Config{Program: []string{"/bin/sh", "-c", text}}
}

// pids waits until a file has so many process ids.
func pids(t *testing.T, file string, n int) (out []int) {
	t.Helper()
	eventually(t, "process ids in "+file, func() bool {
		data, _ := os.ReadFile(file)
		out = nil
		for _, word := range strings.Fields(string(data)) {
			if pid, err := strconv.Atoi(word); err == nil {
				out = append(out, pid)
			}
		}
		return len(out) >= n
	})
	return out
}

// A pause stops all that was started, and a kill ends all of it, be it out of its group and out of its session.
func TestTheWholeTreeStopsAndEnds(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	s := startAgent(t, shell(fmt.Sprintf("echo $$ >> %[1]s; setsid sh -c 'echo $$ >> %[1]s; while :; do :; done' & (sh -c 'echo $$ >> %[1]s; sleep 1000' &) ; while :; do sleep 0.01; done", file)))
	s.begin(t)
	all := pids(t, file, 3)
	for range 5 {
		if _, err := s.Pause(t.Context(), agent.When{}); err != nil {
			t.Fatal(err)
		}
		for _, pid := range all {
			if !family.Still(pid) {
				t.Errorf("%d runs after a pause", pid)
			}
		}
		if _, err := s.Resume(t.Context(), agent.When{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Pause(t.Context(), agent.When{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Kill(t.Context(), agent.When{}); err != nil {
		t.Fatal(err)
	}
	for _, pid := range all {
		if there(pid) {
			t.Errorf("%d is there after a kill", pid)
		}
	}
}

// What the first process leaves behind ends with it, as in a container.
func TestWhatIsLeftEndsWithTheFirst(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pids")
	s := startAgent(t, shell("setsid sleep 1000 & echo $! >> "+file+"; echo its last words; exit 7"))
	s.begin(t)
	e := s.event(t, agent.Ends, 0)
	if e.Exit.Code != 7 || e.Exit.Asked || e.Exit.Signal != "" || e.Exit.Words != "its last words" {
		t.Errorf("it ended so: %+v", e.Exit)
	}
	for _, pid := range pids(t, file, 1) {
		if there(pid) {
			t.Errorf("%d is there after its first process has ended", pid)
		}
	}
}

// A stop lets a program finish, and ends one that does not within its grace.
func TestStop(t *testing.T) {
	t.Parallel()
	s := startAgent(t, shell("trap 'echo finishes; exit 3' TERM; echo ready; while :; do sleep 0.01; done"))
	said := follow(t, s)
	s.begin(t)
	eventually(t, "it is ready", func() bool { return strings.Contains(said(), "ready") })
	if done, err := s.Stop(t.Context(), agent.When{Grace: time.Minute}); err != nil || done.Killed || done.Asked.IsZero() || done.Asked.After(done.At) {
		t.Fatalf("it was stopped with %+v, %v", done, err)
	}
	if e := s.look(t).Exit; e.Code != 3 || e.Signal != "" || !e.Asked {
		t.Errorf("asked to end it ended so: %+v", e)
	}
	deaf := startAgent(t, shell("trap '' TERM; echo ready; while :; do sleep 0.01; done"))
	said = follow(t, deaf)
	deaf.begin(t)
	eventually(t, "it is ready", func() bool { return strings.Contains(said(), "ready") })
	if done, err := deaf.Stop(t.Context(), agent.When{Grace: 50 * time.Millisecond}); err != nil || !done.Killed || done.At.Sub(done.Asked) < 50*time.Millisecond {
		t.Fatalf("what does not listen was stopped with %+v, %v", done, err)
	}
	if e := deaf.look(t).Exit; e.Signal != "SIGKILL" || !e.Asked {
		t.Errorf("deaf, it ended so: %+v", e)
	}
}
