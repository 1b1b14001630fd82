package docker

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/wire"
)

// Counters add up over an instance's lives, gauges are the present one's.
func TestCountersOverLives(t *testing.T) {
	stats := func(n int64) wire.Stats {
		return wire.Stats{
			Calls:    map[string]wire.CallCounters{"db-1": {Attempts: n, Organic: n, Retries: 1, Failures: 2}},
			Counters: map[string]float64{"squall_requests_total": float64(n), `squall_x_total{a="b"}`: 1, "squall_in_flight": float64(n)},
		}
	}
	var l lives
	l.read(0, stats(3))
	l.read(0, stats(10))
	l.used(0, time.Second)
	l.used(1, 2*time.Second)
	l.read(1, stats(5))
	l.used(3, time.Second) // a life that nobody saw
	l.read(3, stats(1))
	want := runner.NodeCounters{
		Restarts: 3,
		Calls:    map[string]wire.CallCounters{"db-1": {Attempts: 16, Organic: 16, Retries: 3, Failures: 6}},
		Counters: map[string]float64{"squall_requests_total": 16, `squall_x_total{a="b"}`: 3, "squall_in_flight": 1},
		CPU:      4 * time.Second,
	}
	if diff := cmp.Diff(want, l.counters()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
}

func TestParseCPU(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n", 1500 * time.Microsecond, true},
		{"123456789\n", 123456789, true},
		{"nr_periods 0\nnr_throttled 0\n", 0, false}, // cpu.stat of the first version counts no time
		{"", 0, false},
	} {
		if got, ok := parseCPU(c.text); got != c.want && ok || ok != c.ok {
			t.Errorf("%q: %s, %v; want %s, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}
