//go:build unix

package family

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// Members are processes by their ids, with when each started: nobody who is given an id again is one of them.
type Members map[int]string

const (
	// endsWithin bounds the wait for killed processes to be gone, StopWithin that for processes to stand still.
	endsWithin = 10 * time.Second
	StopWithin = 5 * time.Second
)

// Kill kills until nothing of it is left: what is killed may have started another meanwhile.
func Kill(members func() Members) {
	for until := time.Now().Add(endsWithin); time.Now().Before(until); time.Sleep(2 * time.Millisecond) {
		all := members()
		if len(all) == 0 {
			return
		}
		for pid, start := range all {
			send(pid, start, syscall.SIGKILL)
		}
	}
}

// Stop stops all of them (SIGSTOP), and returns when they stand still; on an error they run on.
func Stop(ctx context.Context, members func() Members) error {
	ctx, cancel := context.WithTimeoutCause(ctx, StopWithin, fmt.Errorf("something of it still runs after %s", StopWithin))
	defer cancel()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		moving := false
		for pid, start := range members() { // again each time: one may have started another before it stood still
			if !Still(pid) {
				send(pid, start, syscall.SIGSTOP)
				moving = true
			}
		}
		if !moving {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			Continue(members())
			return context.Cause(ctx)
		}
	}
}

// Continue lets all of them go on.
func Continue(all Members) {
	for pid, start := range all {
		send(pid, start, syscall.SIGCONT)
	}
}

// CPU is what the kernel counts of all of them, in ticks of 10 ms.
func (m Members) CPU() (used time.Duration) {
	for pid := range m {
		used += CPUTime(pid)
	}
	return used
}
