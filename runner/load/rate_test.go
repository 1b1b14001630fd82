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

// A ramp in the warm-up is over when the phases begin: (10 + 100)/2 x 10 s in it, and 100/s from the first second on.
func TestWarmUpHoldsARamp(t *testing.T) {
	t.Parallel()
	l := open(100)
	l.WarmUpFrom = 10
	got := virtually(t, []*scenarios.Load{l}, 10*time.Second, serves(time.Millisecond),
		func(d *runner.Drive, _ *pipes) { d.From, d.Zero = -10*time.Second, d.Zero.Add(10*time.Second) })
	bySecond := map[int]int64{}
	warm := 0
	for _, s := range got.samples {
		if s.Intended < 0 {
			warm++
		}
	}
	for _, w := range got.recorder.Windows() {
		bySecond[w.Second] += w.Sent
	}
	if warm != 550 {
		t.Errorf("%d in the warm-up, want 550", warm)
	}
	for second, want := range map[int]int64{-10: 15, -1: 95, 0: 100, 1: 100, 9: 100} { // the mean of a second's rate at its ends
		if n := bySecond[second]; n < want-1 || n > want+1 {
			t.Errorf("%d requests in second %d, want %d", n, second, want)
		}
	}
}
