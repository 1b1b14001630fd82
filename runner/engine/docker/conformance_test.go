package docker

import (
	"testing"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/enginetest"
)

func TestConformance(t *testing.T) {
	enginetest.Conformance(t, func(t *testing.T) runner.Engine {
		return testEngine(t, Options{Exe: squallbin.Path(t)})
	}, func(t *testing.T) string { return loadStranger(t, strangerProgram) })
}

// Whole runs, which wait for most of their time, are made beside each other, and beside nothing else.
func TestRuns(t *testing.T) {
	e := testEngine(t, Options{Exe: squallbin.Path(t)})
	t.Run("AttemptsByPhase", func(t *testing.T) {
		breadth.Today(t, 0, 3)
		t.Parallel()
		enginetest.AttemptsByPhase(t, e, 3)
	})
	t.Run("PlantedWrites", func(t *testing.T) {
		breadth.Today(t, 1, 3)
		t.Parallel()
		enginetest.PlantedWrites(t, e)
	})
	t.Run("AttemptsGivenUp", func(t *testing.T) {
		breadth.Today(t, 2, 3)
		t.Parallel()
		enginetest.AttemptsGivenUp(t, e)
	})
	t.Run("Outlasting", func(t *testing.T) {
		breadth.Today(t, 3, 3)
		t.Parallel()
		enginetest.Outlasting(t, e, 3)
	})
	t.Run("LatencyBySpread", func(t *testing.T) {
		breadth.Today(t, 4, 3)
		t.Parallel()
		enginetest.LatencyBySpread(t, e, false, 15)
	})
	t.Run("Copies", func(t *testing.T) {
		breadth.Today(t, 5, 3)
		t.Parallel()
		enginetest.Copies(t, e, 5)
	})
	t.Run("CutByAFault", func(t *testing.T) {
		breadth.Today(t, 6, 3)
		t.Parallel()
		enginetest.CutByAFault(t, e)
	})
}
