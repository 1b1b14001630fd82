package process

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/engine/family"
	"github.com/squallhq/squall/runner/engine/process/root"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// What has ended of a command is not looked at any more, and who was given its id since is not counted.
func TestCPUIsOfThoseThatAreStillThere(t *testing.T) {
	command, ended := exec.Command("sleep", "60"), exec.Command("true")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait()         //nolint:errcheck // it is killed
	defer command.Process.Kill() //nolint:errcheck // it may be gone
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	own := command.Process.Pid
	for used := family.CPUTime(os.Getpid()); used == 0; used = family.CPUTime(os.Getpid()) { // this process has used some
	}
	// Two of it have ended, and this process has the id of one of them.
	k := &local{child: &child{cmd: command}, testbed: &testbed{}, start: family.StartOf(own), known: family.Members{ended.Process.Pid: "1", os.Getpid(): "1"}}
	if used, _ := k.CPU(t.Context()); used > family.CPUTime(own) {
		t.Errorf("a sleep has used %s, want its own %s", used, family.CPUTime(own))
	}
	if len(k.known) != 1 || k.known[own] != k.start {
		t.Errorf("%v are known, want %d alone", k.known, own)
	}
}

// A command that is run as the instance does is killed when its time is over, with all that it has started, and what it said is told.
func TestACommandThatTakesTooLongIsKilledWhole(t *testing.T) {
	spawner := family.NewSpawner()
	defer spawner.Close()
	k := &local{child: &child{}, testbed: &testbed{spawner: spawner}, ground: &ground{root: root.Root{Path: t.TempDir()}}, given: topology.Instance{Node: &scenarios.Node{}}}
	errLate := errors.New("late")
	said, err := k.run(t.Context(), []string{"/bin/sh", "-c", "sleep 60 & echo $!; echo waits; wait"}, 300*time.Millisecond, errLate)
	id, words, _ := strings.Cut(said, " | ")
	pid, wrong := strconv.Atoi(id)
	if !errors.Is(err, errLate) || words != "waits" || wrong != nil {
		t.Fatalf("it said %q, and %v", said, err)
	}
	for until := time.Now().Add(5 * time.Second); runs(pid); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("what it started, %d, is there still", pid)
		}
	}
}

func runs(pid int) bool {
	_, known := family.Stopped(pid)
	return known
}
