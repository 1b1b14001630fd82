package process_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/enginetest"
	"github.com/squallhq/squall/runner/engine/process"
)

// TestMain is also the children's program: this test binary plays squall's own `node` and `mesh`.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "node", "mesh":
			child(os.Args[1])
			return
		case "squall":
			beSquall()
			return
		case "app":
			beApp()
			return
		case "counting":
			beCounting()
			return
		case "secured":
			beSecured()
			return
		case "kafka":
			beKafka()
			return
		case "rpc":
			beRPC()
			return
		case "reload":
			tellSecured()
			return
		case "probe":
			_, err := http.Get("http://" + os.Args[2] + ":" + os.Getenv("SQUALL_PORT") + "/who")
			check(err)
			return
		case "job":
			check(os.WriteFile(os.Getenv("SQUALL_ROOT")+"/shared/migrated", []byte("by the job"), 0o600))
			return
		case "sleep":
			time.Sleep(time.Minute)
			return
		case "mute":
			fmt.Fprintln(os.Stderr, "I say nothing")
			time.Sleep(time.Minute)
			return
		}
	}
	state, err := os.MkdirTemp("", "squall-process-tests-")
	check(err)
	check(os.Setenv("SQUALL_STATE", state))
	check(flag.Set("test.parallel", "6")) // whole runs, which wait for nine tenths of their time
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(state) // in the system's temporary folder
		os.Exit(code)
	}))
}

func newEngine(t *testing.T) runner.Engine {
	t.Helper()
	return process.New(process.Options{Exe: os.Args[0]})
}

// The mesh is a child of its own, as in runs, and in this process, beside each other: the suite waits for most of its time.
func TestConformance(t *testing.T) {
	for name, engine := range map[string]func(*testing.T) runner.Engine{
		"mesh as a child": newEngine,
		"mesh here": func(*testing.T) runner.Engine {
			return process.New(process.Options{Exe: os.Args[0], Mesh: func(seed uint64) mesh.Control { return mesh.New(mesh.Options{Seed: seed}) }})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			enginetest.Conformance(t, engine, nil)
		})
	}
}

// Whole runs are made beside each other, once the tests above, which measure how long single things take, are over.
func TestOutlasting(t *testing.T) {
	t.Parallel()
	enginetest.Outlasting(t, newEngine(t), 3)
}

func TestPlantedWrites(t *testing.T) {
	t.Parallel()
	enginetest.PlantedWrites(t, newEngine(t))
}

// Alone: it is as exact as two readings are at one time.
func TestAttemptsByPhase(t *testing.T) {
	enginetest.AttemptsByPhase(t, newEngine(t), 3)
}

func TestLatencyBySpread(t *testing.T) {
	t.Parallel()
	enginetest.LatencyBySpread(t, newEngine(t), false, 15)
}

func TestAttemptsGivenUp(t *testing.T) {
	t.Parallel()
	enginetest.AttemptsGivenUp(t, newEngine(t))
}

func TestCopies(t *testing.T) {
	t.Parallel()
	enginetest.Copies(t, newEngine(t), 5)
}

func TestCutByAFault(t *testing.T) {
	t.Parallel()
	enginetest.CutByAFault(t, newEngine(t))
}

func check(err error) {
	if err != nil && err != context.Canceled {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
