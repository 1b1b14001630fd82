package agent_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/engine/agent"
)

// inGroup are words that put what follows into control groups of its own; the test is skipped where none can be made.
func inGroup(t *testing.T) []string {
	t.Helper()
	text := ""
	for _, controller := range []string{"cpu", "memory"} {
		folder := filepath.Join("/sys/fs/cgroup", controller, "squall-agent-"+t.Name()+filepath.Base(t.TempDir()))
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Skipf("no control group of %s can be made here (%v): limits that an agent sets are tested where it can", controller, err)
		}
		t.Cleanup(func() { eventually(t, "its control group is empty", func() bool { return os.Remove(folder) == nil }) })
		text += "echo $$ > " + folder + "/cgroup.procs && "
	}
	return []string{"sh", "-c", text + `exec "$@"`, "sh"}
}

// Where its control group is its own and can be written, an agent holds what it runs to limits, and tells an end for want of memory from
// others.
func TestLimits(t *testing.T) {
	words := inGroup(t)
	s := startAgent(t, shell("while :; do :; done"), words...)
	if state := s.look(t); state.CPULimit != "" || state.MemoryLimit != "" {
		t.Fatalf("it says that it can't: %q, %q", state.CPULimit, state.MemoryLimit)
	}
	s.begin(t)
	share := func() float64 {
		before, began := s.look(t).CPU, time.Now()
		time.Sleep(time.Second) // what is measured is a share of the time
		return float64(s.look(t).CPU-before) / float64(time.Since(began))
	}
	const cores, most = 0.05, 0.15 // the kernel hands a quota out in slices of 5 ms, and the agent's own answers are in it
	eventually(t, "it uses more than it will be given", func() bool { return share() > most })
	limit := cores
	if err := s.Limit(t.Context(), agent.Limits{CPUs: &limit}); err != nil {
		t.Fatal(err)
	}
	share() // what it had been given before
	if used := share(); used > most {
		t.Errorf("limited to %g cores it uses %g", cores, used)
	}
	limit = 0
	if err := s.Limit(t.Context(), agent.Limits{CPUs: &limit}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it uses more again", func() bool { return share() > most })
}

// What is killed for want of memory ended so. For some ms after that its memory is not free yet, and where anything else of the group wants some
// then, the kernel takes the agent, too: what a cluster tells of then is tried again here.
func TestWantOfMemory(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const limit = int64(128 << 20)
	s, e := starve(t, exe, limit)
	for tries := 1; s == nil; tries++ {
		if tries == 10 {
			t.Fatalf("of %d agents none outlived what it ran", tries)
		}
		s, e = starve(t, exe, limit)
	}
	if e.Exit.Signal != "SIGKILL" || e.Exit.Asked || e.Exit.Starved == nil || e.Exit.Starved.Limit == nil || *e.Exit.Starved.Limit != limit {
		t.Errorf("over its limit it ended so: %+v", e.Exit)
	}
	if state := s.look(t); state.Phase != agent.Ended {
		t.Errorf("the agent says that it is %s", state.Phase)
	}
}

// starve has an agent run what takes more memory than there is, and is how that ended; no agent where it was killed itself.
func starve(t *testing.T, exe string, limit int64) (*stand, agent.Event) {
	t.Helper()
	s := startAgent(t, agent.Config{Program: []string{exe, "eater"}}, inGroup(t)...)
	if err := s.Limit(t.Context(), agent.Limits{Memory: &limit}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Start(t.Context(), agent.Start{})
	var e agent.Event
	if err == nil {
		if e, err = s.await(t.Context(), agent.Ends, 0); err == nil {
			return s, e
		}
	}
	_ = s.cmd.Wait() // how it ended is looked at
	if status, is := s.cmd.ProcessState.Sys().(syscall.WaitStatus); !is || status.Signal() != syscall.SIGKILL {
		t.Fatalf("wait until it ends: %v; the agent ended with %s", err, s.cmd.ProcessState)
	}
	return nil, e
}

// Where the control group is others' too, or can't be written, the agent says so, and does nothing to anybody.
func TestLimitsThatCannotBeHeld(t *testing.T) {
	t.Parallel()
	s := startAgent(t, shell("sleep 1000"))
	state := s.look(t)
	if state.CPULimit == "" || state.MemoryLimit == "" {
		t.Fatalf("in the tests' own control group it says that it can: %q, %q", state.CPULimit, state.MemoryLimit)
	}
	cores, bytes := 0.5, int64(1<<30)
	for _, to := range []agent.Limits{{CPUs: &cores}, {Memory: &bytes}} {
		err := s.Limit(t.Context(), to)
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "control group") && !strings.Contains(err.Error(), "can't be written") {
			t.Errorf("%v, want why it can't", err)
		}
	}
}
