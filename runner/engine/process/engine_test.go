package process_test

import (
	"context"
	"fmt"
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
		case "mute":
			fmt.Fprintln(os.Stderr, "I say nothing")
			time.Sleep(time.Minute)
			return
		}
	}
	goleak.VerifyTestMain(m)
}

func newEngine(t *testing.T) runner.Engine {
	t.Helper()
	return process.New(process.Options{Exe: os.Args[0]})
}

func TestConformance(t *testing.T) {
	t.Setenv("SQUALL_STATE", t.TempDir())
	enginetest.Conformance(t, newEngine, nil)
}

func TestOutlasting(t *testing.T) { enginetest.Outlasting(t, newEngine(t), 3) }

func TestAttemptsByPhase(t *testing.T) {
	t.Setenv("SQUALL_STATE", t.TempDir())
	enginetest.AttemptsByPhase(t, newEngine(t), 3)
}

func TestLatencyBySpread(t *testing.T) {
	t.Parallel()
	enginetest.LatencyBySpread(t, newEngine(t), false, 15)
}

func TestCutByAFault(t *testing.T) {
	t.Setenv("SQUALL_STATE", t.TempDir())
	enginetest.CutByAFault(t, newEngine(t))
}

// The conformance suite with the mesh in this process.
func TestConformanceWithMeshHere(t *testing.T) {
	t.Setenv("SQUALL_STATE", t.TempDir())
	enginetest.Conformance(t, func(*testing.T) runner.Engine {
		return process.New(process.Options{Exe: os.Args[0], Mesh: func(seed uint64) mesh.Control { return mesh.New(mesh.Options{Seed: seed}) }})
	}, nil)
}

func check(err error) {
	if err != nil && err != context.Canceled {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
