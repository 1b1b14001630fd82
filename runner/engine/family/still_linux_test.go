package family

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// A shell that is stopped while it starts another program waits in the kernel until that has begun, which is stopped too: both stand
// still, however often they are stopped, and go on.
func TestWhoStartsAnotherStandsStill(t *testing.T) {
	t.Parallel()
	spawner := NewSpawner()
	defer spawner.Close()
	c := exec.Command("sh", "-c", "while :; do /bin/true; done")
	c.SysProcAttr = Attributes()
	if err := spawner.Start(c); err != nil {
		t.Fatal(err)
	}
	pid, start := c.Process.Pid, StartOf(c.Process.Pid)
	members := func() Members { return Of(Relatives(), pid, start, nil, nil) }
	defer func() {
		Kill(members)
		_ = c.Wait() // it was killed
	}()
	var longest time.Duration
	for range 30 {
		began := time.Now()
		if err := Stop(t.Context(), members); err != nil {
			t.Fatal(err)
		}
		longest = max(longest, time.Since(began))
		for one := range members() {
			if !Still(one) {
				t.Fatalf("%d runs after a stop", one)
			}
		}
		Continue(members())
	}
	t.Logf("the longest of 30 stops took %s", longest)
}

// Who waits in the kernel without a stop is not taken for still.
func TestWhoWaitsIsNotStopped(t *testing.T) {
	t.Parallel()
	c := exec.Command("sh", "-c", "read x")
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait() //nolint:errcheck // its input ends
	defer in.Close()
	if Still(c.Process.Pid) || stopPending(c.Process.Pid) {
		t.Error("a process that waits for input is taken for stopped")
	}
	if err := c.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(20 * time.Second); !Still(c.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("a stopped process does not stand still")
		}
	}
	if err := c.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}
