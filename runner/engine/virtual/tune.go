package virtual

import (
	"os"
	"runtime"
	"runtime/debug"
)

// gcPercent is how much a heap may grow between two collections: those of runs are small, and collecting them costs more than keeping.
const gcPercent = 400

// Tune sets this process up for virtual time, and returns what puts it back: for whoever owns the process, before its runs.
//
// In a bubble hardly more than one goroutine can run at a time; more than one processor only makes them
// hand over from one to the other, which takes twice the time. And with one processor what happens at one
// virtual instant happens in one order, so that one seed gives one record. To use more cores, use more processes.
// GOGC and GOMAXPROCS in the environment are obeyed.
func Tune() (restore func()) {
	procs, percent := 0, -1
	if os.Getenv("GOMAXPROCS") == "" {
		procs = runtime.GOMAXPROCS(1)
	}
	if os.Getenv("GOGC") == "" {
		percent = debug.SetGCPercent(gcPercent)
	}
	return func() {
		runtime.GOMAXPROCS(procs) // 0 leaves it
		if percent >= 0 {
			debug.SetGCPercent(percent)
		}
	}
}
