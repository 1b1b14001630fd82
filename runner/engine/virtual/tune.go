package virtual

import (
	"os"
	"runtime"
	"runtime/debug"
)

// gcPercent is how much a heap may grow between two collections: those of runs are small, and collecting them costs more than keeping.
const gcPercent = 400

// floor is what is never written to and never freed: it counts as live, so that a small heap may grow by gcPercent of it before it is
// collected, and takes no memory itself. A run of a few megabytes is then collected a few times instead of at every few hundred
// requests; a large one is collected as often as without.
var floor []byte

const floorSize = 32 << 20

// Tune sets this process up for virtual time, and returns what puts it back: for whoever owns the process, before its runs.
//
// In a bubble hardly more than one goroutine can run at a time; more than one processor only makes them
// hand over from one to the other, which takes twice the time. And with one processor what happens at one
// virtual instant happens, mostly, in one order. So it is one, whatever GOMAXPROCS in the environment says; to use more cores, use
// more processes. GOGC in the environment is obeyed.
func Tune() (restore func()) {
	procs, percent := runtime.GOMAXPROCS(1), -1
	if os.Getenv("GOGC") == "" && floor == nil { // within another it is set up: a floor anew for each of many runs is cleared each time
		percent = debug.SetGCPercent(gcPercent)
		floor = make([]byte, floorSize)
	}
	return func() {
		runtime.GOMAXPROCS(procs)
		if percent >= 0 {
			debug.SetGCPercent(percent)
			runtime.KeepAlive(floor)
			floor = nil
		}
	}
}
