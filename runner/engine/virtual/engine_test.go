package virtual_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/enginetest"
	"github.com/squallhq/squall/runner/engine/virtual"
)

func TestMain(m *testing.M) {
	virtual.Tune()
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/squallhq/squall/runner/engine/virtual.waitForEver"))
}

// Outside of a bubble the engine works in real time, which is how the suite is made.
func TestConformance(t *testing.T) {
	enginetest.Conformance(t, func(*testing.T) runner.Engine { return &virtual.Engine{} }, nil)
}

func TestOutlasting(t *testing.T) { enginetest.Outlasting(t, &virtual.Engine{}, 0) }

func TestPlantedWrites(t *testing.T)   { enginetest.PlantedWrites(t, &virtual.Engine{}) }
func TestAttemptsByPhase(t *testing.T) { enginetest.AttemptsByPhase(t, &virtual.Engine{}, 0) }

func TestLatencyBySpread(t *testing.T) { enginetest.LatencyBySpread(t, &virtual.Engine{}, true, .01) }

func TestAttemptsGivenUp(t *testing.T) { enginetest.AttemptsGivenUp(t, &virtual.Engine{}) }

func TestCopies(t *testing.T) { enginetest.Copies(t, &virtual.Engine{}, 1) }

func TestCutByAFault(t *testing.T) { enginetest.CutByAFault(t, &virtual.Engine{}) }
