package runner

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// The steady state is that of the last stretch in which the load did not change: a ramp in the phases is none of it, one in the
// warm-up is over by their begin.
func TestSteadyStretchIsTheLastOne(t *testing.T) {
	const s = time.Second
	for name, c := range map[string]struct {
		load *scenarios.Load
		want time.Duration
	}{
		"a rate":                  {&scenarios.Load{Rate: 10}, 0},
		"a ramp in the warm-up":   {&scenarios.Load{Rate: 10, WarmUpFrom: 1}, 0},
		"a ramp":                  {&scenarios.Load{Stages: []scenarios.Stage{{For: 8 * s, From: 1, To: 10}, {For: 60 * s, Rate: 10}}}, 8 * s},
		"a ramp, and a step":      {&scenarios.Load{Stages: []scenarios.Stage{{For: 8 * s, From: 1, To: 10}, {For: 4 * s, Rate: 10}, {For: 60 * s, Rate: 12}}}, 12 * s},
		"a ramp after the fault":  {&scenarios.Load{Stages: []scenarios.Stage{{For: 20 * s, Rate: 10}, {For: 8 * s, From: 10, To: 20}}}, 0},
		"a ramp that it falls in": {&scenarios.Load{Stages: []scenarios.Stage{{For: 30 * s, From: 1, To: 10}}}, 30 * s},
	} {
		way := newCourse(&topology.Plan{Phases: []topology.Span{{End: 60 * s}}}).Way()
		if got := steadyFrom([]*scenarios.Load{{Rate: 5}, c.load}, way, 20*s); got != c.want {
			t.Errorf("%s: steady from %s, want %s", name, got, c.want)
		}
	}
}
