package load_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
)

// Rates are of the time that a load was to take, not of the time until its last answer: 30 a minute are 0.5/s, however few they are.
func TestRatesAreOfTheWholeTime(t *testing.T) {
	t.Parallel()
	for _, seconds := range []int{3, 6, 60} {
		for _, takes := range []time.Duration{time.Millisecond, 5 * time.Second} {
			until := time.Duration(seconds) * time.Second
			got := virtually(t, []*scenarios.Load{open(.5)}, until, serves(takes), func(*runner.Drive, *pipes) {})
			want := float64((seconds+1)/2) / float64(seconds)
			g := got.generator
			if g.IntendedRate != want || g.AchievedRate != want {
				t.Errorf("%d s, answers after %s: %g/s intended and %g/s sent, want %g/s", seconds, takes, g.IntendedRate, g.AchievedRate, want)
			}
			if q := got.recorder.Phases()[0].Requests[0]; q.Rate != want || q.Goodput != want {
				t.Errorf("%d s, answers after %s: rate %g/s, goodput %g/s, want %g/s", seconds, takes, q.Rate, q.Goodput, want)
			}
		}
	}
}
