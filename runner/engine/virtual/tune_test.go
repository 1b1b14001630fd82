package virtual_test

import (
	"runtime"
	"testing"

	"github.com/squallhq/squall/runner/engine/virtual"
)

// A run in virtual time has one processor whatever the environment says: what happens at one instant would else happen in an
// order that no seed decides.
func TestTuneTakesOneProcessor(t *testing.T) {
	t.Setenv("GOMAXPROCS", "8")
	before := runtime.GOMAXPROCS(4)
	defer runtime.GOMAXPROCS(before)
	restore := virtual.Tune()
	if got := runtime.GOMAXPROCS(0); got != 1 {
		t.Errorf("%d processors in a run, want 1", got)
	}
	restore()
	if got := runtime.GOMAXPROCS(0); got != 4 {
		t.Errorf("%d processors after it, want the 4 from before", got)
	}
}
