package topology

import (
	"math"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

func TestExpected(t *testing.T) {
	ramp := &scenarios.Load{Stages: []scenarios.Stage{
		{For: 10 * time.Second, From: 50, To: 300}, {For: 20 * time.Second, Rate: 300}, {For: 10 * time.Second, To: 100}}}
	tests := []struct {
		name        string
		load        *scenarios.Load
		from, until time.Duration
		want        float64
	}{
		{"level", &scenarios.Load{Rate: 150}, 0, 20 * time.Second, 3000},
		{"level in the warm-up", &scenarios.Load{Rate: 150}, -2 * time.Second, 0, 300},
		{"the whole ramp", ramp, 0, 40 * time.Second, 1750 + 6000 + 2000},
		{"the ramp's first half", ramp, 0, 5 * time.Second, 5 * (50 + 175) / 2.0},
		{"across two stages", ramp, 5 * time.Second, 15 * time.Second, 5*(175+300)/2.0 + 1500},
		{"after the last stage its end's rate stays", ramp, 40 * time.Second, 50 * time.Second, 1000},
		{"before the first stage its begin's rate", ramp, -2 * time.Second, 0, 100},
		{"sessions", &scenarios.Load{Rate: 2, Session: &scenarios.Session{Requests: 5}}, 0, 10 * time.Second, 100},
		{"a ramp in the warm-up", &scenarios.Load{Rate: 100, WarmUpFrom: 10}, -10 * time.Second, 10 * time.Second, 1550},
		{"down to nothing and up again", &scenarios.Load{Stages: []scenarios.Stage{{For: 10 * time.Second, Rate: 5}, {For: 5 * time.Second}, {For: 10 * time.Second, To: 5}}}, 0, 25 * time.Second, 50 + 12.5 + 25},
	}
	for _, test := range tests {
		got, known := Expected(test.load, test.from, test.until)
		if !known || math.Abs(got-test.want) > 1e-6 {
			t.Errorf("%s: %g (known: %v), want %g", test.name, got, known, test.want)
		}
	}
	if _, known := Expected(&scenarios.Load{Users: 5, Rate: 10}, 0, time.Second); known {
		t.Error("how much a closed load sends can't be known before")
	}
}

// TestExpectedAddsUp compares the closed form with a sum over small steps of a rate read off the stages.
func TestExpectedAddsUp(t *testing.T) {
	l := &scenarios.Load{Stages: []scenarios.Stage{
		{For: 3 * time.Second, From: 10, To: 40}, {For: 4 * time.Second, To: 5}, {For: 2 * time.Second, Rate: 80}}}
	rate := func(s float64) float64 {
		switch {
		case s < 3:
			return 10 + 30*s/3
		case s < 7:
			return 40 - 35*(s-3)/4
		default:
			return 80
		}
	}
	const step = time.Millisecond
	sum := 0.0
	for at := time.Duration(0); at < 12*time.Second; at += step {
		sum += rate((at + step/2).Seconds()) * step.Seconds()
		if at%time.Second != 0 {
			continue
		}
		if got, _ := Expected(l, 0, at+step); math.Abs(got-sum) > 1e-3 {
			t.Fatalf("until %s: %g, by steps %g", at+step, got, sum)
		}
	}
}

// A recording's requests are known to the one: as many as there are in a stretch, none in the warm-up and none after its end.
func TestExpectedOfARecording(t *testing.T) {
	t.Parallel()
	l := &scenarios.Load{Replay: &scenarios.Replay{}}
	for i := range 30 { // 10 in the first second, 20 in the third
		at := time.Duration(i) * 100 * time.Millisecond
		if i >= 10 {
			at = 2*time.Second + time.Duration(i-10)*50*time.Millisecond
		}
		l.Replay.Requests = append(l.Replay.Requests, scenarios.Recorded{At: at})
	}
	for _, c := range []struct {
		from, until time.Duration
		want        float64
	}{{-5 * time.Second, 0, 0}, {0, time.Second, 10}, {time.Second, 2 * time.Second, 0}, {2 * time.Second, time.Minute, 20}, {-time.Second, time.Minute, 30}} {
		if got, known := Expected(l, c.from, c.until); !known || got != c.want {
			t.Errorf("from %v until %v: %v, want %v", c.from, c.until, got, c.want)
		}
	}
}
