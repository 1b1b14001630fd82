package docker

import (
	"testing"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/enginetest"
)

func TestConformance(t *testing.T) {
	enginetest.Conformance(t, func(t *testing.T) runner.Engine {
		return testEngine(t, Options{Exe: squallbin.Path(t)})
	}, func(t *testing.T) string { return loadStranger(t, strangerProgram) })
}

func TestPlantedWrites(t *testing.T) {
	enginetest.PlantedWrites(t, testEngine(t, Options{Exe: squallbin.Path(t)}))
}

func TestAttemptsByPhase(t *testing.T) {
	enginetest.AttemptsByPhase(t, testEngine(t, Options{Exe: squallbin.Path(t)}), 3)
}

func TestCutByAFault(t *testing.T) {
	enginetest.CutByAFault(t, testEngine(t, Options{Exe: squallbin.Path(t)}))
}
