package host

import (
	"runtime"
	"time"

	"github.com/squallhq/squall/internal/chance"
)

// machine is the CPU of the machine that we run on.
type machine struct{}

var _ CPU = machine{}

// slice is how long one computation keeps a core before it lets the next one that waits have it: short, so that
// many that compute at once share the cores evenly, as threads of a loaded kernel do on longer scales.
const slice = 200 * time.Microsecond

// Compute burns d of CPU time, by the clock of the thread that it runs on: what a busy machine takes away does not count.
func (machine) Compute(d time.Duration, stop <-chan struct{}) {
	for d > 0 {
		select {
		case <-stop:
			return
		default:
		}
		d -= burn(min(d, slice))
		runtime.Gosched()
	}
}

// burn keeps this thread busy for d of its CPU time, and says how much it used.
func burn(d time.Duration) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	began := threadTime()
	x := uint64(began)
	for {
		for range 1000 {
			x = chance.Scramble(x)
		}
		// The result is used, so that no compiler takes the loop away.
		if used := threadTime() - began; used >= d || x == 0 {
			return used
		}
	}
}

// Await returns at once: a process that is stopped does not run.
func (machine) Await() {}
