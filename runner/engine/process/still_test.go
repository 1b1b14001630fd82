package process

import (
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/engine/family"
)

// A paused process stands still when pause returns, and runs again when it is resumed.
func TestPausedProcessStandsStill(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("what threads do can be told on Linux alone")
	}
	command := exec.Command("sh", "-c", "while :; do :; done")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait()         //nolint:errcheck // it is killed
	defer command.Process.Kill() //nolint:errcheck // it may be gone
	k := &child{cmd: command}
	for range 50 {
		for until := time.Now().Add(10 * time.Second); family.Still(command.Process.Pid); {
			if time.Now().After(until) {
				t.Fatal("a process in a loop seems to stand still")
			}
		}
		if err := k.Pause(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !family.Still(command.Process.Pid) {
			t.Fatal("a thread runs after pause")
		}
		if err := k.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
