package docker

import (
	"context"
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// TestMain lets twice as many tests wait for the engine at once as there are processors: see inParallel.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	m.Run()
}

// testEngine makes an engine for containers of exe, or skips where none answers: SQUALL_REQUIRE_DOCKER=1 makes that a failure.
func testEngine(t testing.TB, o Options) *Engine {
	t.Helper()
	e, err := New(o)
	if err == nil {
		_, err = e.Available(t.Context())
	}
	if err != nil {
		if os.Getenv("SQUALL_REQUIRE_DOCKER") == "1" {
			t.Fatalf("SQUALL_REQUIRE_DOCKER=1 and no engine can be used: %v", err)
		}
		t.Skipf("needs a Docker engine (SQUALL_REQUIRE_DOCKER=1 makes this a failure): %v", err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// inParallel lets a test that launches run beside others: engines and kernels make each wait more than compute. Those
// that measure time, goroutines or what all of squall has left stay alone.
//
// With -short, as under the race detector, it is skipped: what these hold is what containers and images are and
// see; the goroutines behind them are those of the conformance suite and of the tests that stay.
func inParallel(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("holds what containers are, by the code that the conformance suite runs; not with -short")
	}
	t.Parallel()
}

// cleanRun removes everything of a run when the test ends, and fails the test where something was
// still there although the test says that the run had been taken down.
func cleanRun(t testing.TB, e *Engine, run string) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := e.removeRun(ctx, run); err != nil {
			t.Errorf("clean up run %s: %v", run, err)
		}
	})
}

// wantNothing fails the test where the engine still has something of a run.
func wantNothing(t testing.TB, e *Engine, run string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	left, err := e.list(ctx, labelRun+"="+run)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range left.words() {
		t.Errorf("left behind: %s", word)
	}
}
