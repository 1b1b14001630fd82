package agent_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/engine/agent"
	"github.com/squallhq/squall/runner/engine/health"
	"github.com/squallhq/squall/scenarios"
)

// What somebody else does by a signal is told, and what the agent does itself is not.
func TestOthersSignalsAreTold(t *testing.T) {
	t.Parallel()
	s := startAgent(t, shell("while :; do sleep 0.01; done"))
	s.begin(t)
	pid := s.look(t).PID
	if _, err := s.Pause(t.Context(), agent.When{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Resume(t.Context(), agent.When{}); err != nil {
		t.Fatal(err)
	}
	signal := func(n syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(pid, n); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	stops := s.event(t, agent.Stops, 0)
	if stops.Number != 2 {
		t.Errorf("%+v: before it came something that nobody else did", stops)
	}
	if state := s.look(t); state.Phase != agent.Paused {
		t.Errorf("it is %s", state.Phase)
	}
	signal(syscall.SIGCONT)
	goes := s.event(t, agent.GoesOn, stops.Number)
	signal(syscall.SIGKILL)
	ends := s.event(t, agent.Ends, goes.Number)
	if ends.Exit.Signal != "SIGKILL" || ends.Exit.Asked || ends.Exit.Starved != nil {
		t.Errorf("killed by somebody else it ended so: %+v", ends.Exit)
	}
}

// A signal that is an instance's reaches it, by an order and by way of the agent's own process.
func TestSignalsReachIt(t *testing.T) {
	t.Parallel()
	s := startAgent(t, shell("trap 'echo heard HUP' HUP; trap 'echo heard USR1' USR1; echo ready; while :; do sleep 0.01; done"))
	said := follow(t, s)
	s.begin(t)
	eventually(t, "it is ready", func() bool { return strings.Contains(said(), "ready") })
	if _, err := s.Signal(t.Context(), "SIGHUP", agent.When{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it heard", func() bool { return strings.Contains(said(), "heard HUP") })
	if err := s.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it heard", func() bool { return strings.Contains(said(), "heard USR1") })
	if _, err := s.Signal(t.Context(), "SIGNONSENSE", agent.When{}); err == nil || !strings.Contains(err.Error(), "SIGNONSENSE") {
		t.Errorf("a signal that there is not: %v", err)
	}
}

// The agent waits for health beside the instance: for a command's, for an end before, and for one that will never be.
func TestHealth(t *testing.T) {
	t.Parallel()
	ready := filepath.Join(t.TempDir(), "ready")
	tested := func(r scenarios.Readiness) agent.Look {
		return agent.Look{Node: &scenarios.Node{Kind: scenarios.KindImage, Image: "x", Container: scenarios.Container{Readiness: &r}}, Address: "127.0.0.1:1"}
	}
	s := startAgent(t, shell("sleep 0.2; touch "+ready+"; sleep 1000"))
	s.begin(t)
	if err := s.AwaitHealth(t.Context(), tested(scenarios.Readiness{Test: scenarios.ReadinessTest{"CMD", "test", "-e", ready}, Interval: 50 * time.Millisecond, Retries: 1000})); err != nil {
		t.Error(err)
	}
	err := s.AwaitHealth(t.Context(), tested(scenarios.Readiness{Test: scenarios.ReadinessTest{"CMD-SHELL", "echo no; exit 4"}, Interval: time.Millisecond, Retries: 2}))
	if never := (*health.NeverReady)(nil); !errors.As(err, &never) || !strings.Contains(err.Error(), "exit code 4: no") {
		t.Errorf("a test that never succeeds: %v", err)
	}
	short := startAgent(t, shell("sleep 0.2; exit 5"))
	short.begin(t)
	n := &scenarios.Node{Kind: scenarios.KindImage, Image: "x", Container: scenarios.Container{Health: "tcp"}}
	if err := short.AwaitHealth(t.Context(), agent.Look{Node: n, Address: "127.0.0.1:1"}); !errors.Is(err, agent.ErrNotRunning) || !strings.Contains(err.Error(), "exit code 5") {
		t.Errorf("an end before it is healthy: %v", err)
	}
	said, err := s.Run(t.Context(), []string{"sh", "-c", "echo beside it"}, time.Minute)
	if said != "beside it" || err != nil {
		t.Errorf("a command beside it: %q, %v", said, err)
	}
	if _, err := s.Run(t.Context(), []string{"sleep", "1000"}, 50*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a command that takes too long: %v", err)
	}
}
