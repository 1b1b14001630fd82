package lookout

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

const second = time.Second

func when(m metric.Name, op string, value float64, lasts time.Duration) scenarios.Condition {
	return scenarios.Condition{Bounds: []scenarios.Bound{{Metric: m, Op: op, Value: value}}, For: lasts}
}

// judged are the seconds of 20 at which a condition is met, with what was measured, of ten requests a second of which so many fail and all
// take so long.
func judged(c scenarios.Condition, fails func(second int) int, latency func(second int) time.Duration) map[int]string {
	l := New(c)
	out := map[int]string{}
	for s := range 20 {
		for _, met := range l.Judge(time.Duration(s)*second, phase) {
			out[s] = met.Measured
		}
		for i := range 10 {
			done := time.Duration(s)*second + time.Duration(i)*100*time.Millisecond
			sample := record.Sample{Load: "users", Request: "GET /", Intended: done - latency(s), Done: done, Outcome: record.OK}
			if i < fails(s) {
				sample.Outcome = record.Failed
			}
			if fails(s) <= 10 {
				l.Add(sample, done)
			}
		}
	}
	return out
}

func phase(at time.Duration) string {
	if at < 10*second {
		return "steady"
	}
	return "slow"
}

func TestWhatIsMet(t *testing.T) {
	never := func(int) int { return 0 }
	between := func(from, to, n int) func(int) int {
		return func(s int) int {
			if s >= from && s < to {
				return n
			}
			return 0
		}
	}
	quick := func(int) time.Duration { return 10 * time.Millisecond }
	in := func(c scenarios.Condition, phase, of string) scenarios.Condition {
		c.In, c.Of = phase, of
		return c
	}
	for name, c := range map[string]struct {
		condition scenarios.Condition
		fails     func(int) int
		latency   func(int) time.Duration
		want      map[int]string
	}{
		"nothing fails":               {when(metric.Success, "<", .5, second), never, quick, map[int]string{}},
		"for a second":                {when(metric.Success, "<", .5, 0), between(4, 5, 6), quick, map[int]string{5: "success 40.0%"}},
		"for as long as it says":      {when(metric.Failed, ">=", .6, 3*second), between(4, 7, 6), quick, map[int]string{7: "failed 60.0%"}},
		"for less":                    {when(metric.Success, "<", .5, 3*second), between(4, 6, 6), quick, map[int]string{}},
		"for longer, once":            {when(metric.Success, "<", .5, 3*second), between(4, 14, 6), quick, map[int]string{7: "success 40.0%"}},
		"just not":                    {when(metric.Success, "<", .4, second), between(4, 14, 6), quick, map[int]string{}},
		"in its phase":                {in(when(metric.Success, "<", .5, 2*second), "slow", ""), between(4, 14, 6), quick, map[int]string{12: "success 40.0%"}},
		"of another request":          {in(when(metric.Success, "<", .5, second), "", "GET /other"), between(4, 14, 6), quick, map[int]string{}},
		"of its load":                 {in(when(metric.Success, "<", .5, second), "", "users"), between(4, 14, 6), quick, map[int]string{5: "success 40.0%"}},
		"nothing is known":            {when(metric.Success, "<", .5, second), between(4, 14, 11), quick, map[int]string{}},
		"no answers are none":         {when(metric.Goodput, "<", 5, 2*second), between(4, 14, 11), quick, map[int]string{6: "goodput 0/s"}},
		"a median of answers":         {when(metric.P50, ">", .2, second), never, func(s int) time.Duration { return time.Duration(s) * 50 * time.Millisecond }, map[int]string{6: "p50 250 ms"}},
		"too few for a p99":           {when(metric.P99, ">", .2, second), never, func(int) time.Duration { return second }, map[int]string{}},
		"as many as a p95 needs":      {when(metric.P95, ">", .2, second), never, func(int) time.Duration { return second }, map[int]string{1: "p95 1000 ms"}},
		"two bounds, and one is kept": {scenarios.Condition{Bounds: []scenarios.Bound{{Metric: metric.Success, Op: "<", Value: .5}, {Metric: metric.Goodput, Op: ">", Value: 5}}}, between(4, 14, 6), quick, map[int]string{}},
		"two bounds, and both are":    {scenarios.Condition{Bounds: []scenarios.Bound{{Metric: metric.Success, Op: "<", Value: .5}, {Metric: metric.Goodput, Op: "<=", Value: 4}}}, between(4, 14, 6), quick, map[int]string{5: "success 40.0%, goodput 4/s"}},
	} {
		if diff := cmp.Diff(c.want, judged(c.condition, c.fails, c.latency)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Every metric that is said to be told live is.
func TestLiveMetrics(t *testing.T) {
	for _, name := range metric.LiveNames() {
		l := New(when(metric.Name(name), ">=", 0, second))
		for range 600 {
			l.Add(record.Sample{Outcome: record.OK, Done: time.Millisecond}, time.Millisecond)
		}
		if met := l.Judge(second, phase); len(met) != 1 {
			t.Errorf("%s is not told: %v", name, met)
		}
	}
}
