package runner

import (
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

const ms = time.Millisecond

func TestPromised(t *testing.T) {
	two := 2.0
	targets := faults.Targets{Edges: []string{"a:b"}}
	for _, c := range []struct {
		name      string
		of        []faults.Primitive
		low, high time.Duration
		ok        bool
	}{
		{"constant", faults.Latency{Delay: 200 * ms}.Compile(targets), 200 * ms, 200 * ms, true},
		{"jitter", faults.Latency{Delay: 200 * ms, Jitter: 50 * ms, Direction: faults.Both}.Compile(targets), 150 * ms, 250 * ms, true},
		{"more jitter than delay", faults.Latency{Delay: 20 * ms, Jitter: 50 * ms}.Compile(targets), 0, 70 * ms, true},
		{"a long tail", faults.Latency{Delay: 200 * ms, Jitter: 50 * ms, Shape: "pareto"}.Compile(targets), 200 * ms, 450 * ms, true},
		// 5 x 200 ms x 2 / sqrt(400) is 100 ms; (200 ms)^2 x 5 / 10 s is 20 ms.
		{"a spread", faults.Latency{Delay: 200 * ms, CV: &two}.Compile(targets), 80 * ms, 300 * ms, true},
		{"no latency", []faults.Primitive{{Op: faults.OpKill, Instance: "a-1"}}, 0, 0, false},
	} {
		low, high, ok := promised(c.of, 10*time.Second, faults.Receipt{Delays: 1000, Requests: 400})
		if low != c.low || high != c.high || ok != c.ok {
			t.Errorf("%s: %s to %s, %v", c.name, low, high, ok)
		}
	}
}
