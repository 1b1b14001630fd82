package analysis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
)

func TestScheduleCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		g    record.Generator
		ok   bool
	}{
		{"kept", record.Generator{Intended: 1000, Sent: 1000, LagMs: record.Lag{P99: 2}}, true},
		{"1 % unsent", record.Generator{Intended: 1000, Sent: 990, Unsent: 10, LagMs: record.Lag{P99: 2}}, true},
		{"more than 1 % unsent", record.Generator{Intended: 1000, Sent: 989, Unsent: 11, LagMs: record.Lag{P99: 2}}, false},
		{"at the limit of lag", record.Generator{Intended: 1000, Sent: 1000, LagMs: record.Lag{P99: 100, Max: 500}}, true},
		{"late", record.Generator{Intended: 1000, Sent: 1000, LagMs: record.Lag{P99: 100.1}}, false},
		{"nothing to send", record.Generator{}, true},
	} {
		if got := analysis.ScheduleCheck(c.g); got.OK != c.ok {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestFlow(t *testing.T) {
	for _, c := range []struct {
		name string
		flow analysis.Flow
		ok   bool
	}{
		{"equal", analysis.Flow{Sent: 3000, Seen: 3000, Seconds: 30}, true},
		{"a thousandth off", analysis.Flow{Sent: 3000, Seen: 2997, Seconds: 30}, true},
		{"more than that", analysis.Flow{Sent: 3000, Seen: 2996, Seconds: 30}, false},
		{"in flight", analysis.Flow{Sent: 3000, Seen: 3010, InFlight: 10, Seconds: 30}, true},
		{"more than in flight", analysis.Flow{Sent: 3000, Seen: 3014, InFlight: 10, Seconds: 30}, false},
		{"refused ones were never seen", analysis.Flow{Sent: 3000, Broken: 1000, Seen: 2000, Seconds: 30}, true},
		{"as many again were not", analysis.Flow{Sent: 3000, Broken: 1000, Seen: 1000, Seconds: 30}, false},
		{"the first reading was 10 ms late", analysis.Flow{Sent: 3000, Seen: 2994, Late: 10 * ms, Seconds: 30}, true},
	} {
		if got := c.flow.Check("users"); got.OK != c.ok {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestLittle(t *testing.T) {
	// 100/s for 20 s, 50 ms each: 5 in flight.
	law := analysis.Little{Mesh: 100 * time.Second, Seconds: 20, Sender: 100 * time.Second, Sent: 2000, Window: 20}
	change := func(f func(*analysis.Little)) analysis.Little {
		l := law
		f(&l)
		return l
	}
	for _, c := range []struct {
		name        string
		law         analysis.Little
		ok, virtual bool // it holds on sockets, and in virtual time
	}{
		{"both agree", law, true, true},
		{"1 % apart", change(func(l *analysis.Little) { l.Mesh += time.Second }), true, true},
		{"3 % apart", change(func(l *analysis.Little) { l.Mesh += 3 * time.Second }), true, false},
		{"connections and bodies add 5 ms", change(func(l *analysis.Little) { l.Sender += 2000 * 5 * ms }), true, false},
		{"the harness adds 20 ms to each", change(func(l *analysis.Little) { l.Sender += 2000 * 20 * ms }), false, false},
		{"the sender misses half the wait", change(func(l *analysis.Little) { l.Sender /= 2 }), false, false},
		{"the mesh saw twice as much", change(func(l *analysis.Little) { l.Mesh *= 2 }), false, false},
	} {
		for _, exact := range []bool{false, true} {
			c.law.Exact = exact
			want := c.ok
			if exact {
				want = c.virtual
			}
			if got := c.law.Check(); got == nil || got.OK != want {
				t.Errorf("%s, exact %t: %+v", c.name, exact, got)
			}
			edges := analysis.LittleEdgesCheck([]string{"a:b", "a:c"}, map[string]analysis.Little{"a:b": {}, "a:c": c.law})
			if edges == nil || edges.OK != want || !want && !strings.HasPrefix(edges.Text, "a:c: ") {
				t.Errorf("%s, an edge, exact %t: %+v", c.name, exact, edges)
			}
		}
	}
	if got := change(func(l *analysis.Little) { l.Sent = 99 }).Check(); got != nil {
		t.Errorf("with 99 requests: %+v, want no check", got)
	}
}

func TestSteadyCheck(t *testing.T) {
	for _, c := range []struct {
		name  string
		lived []stretch
		want  string
	}{
		{"steady", []stretch{fine(20)}, "ok"},
		{"one bad second", []stretch{fine(15), slow(1), fine(4)}, "ok"},
		{"it gets slower", []stretch{fine(10), slow(10)}, "not ok"},
		{"its p99 scatters", []stretch{{4, 100, 100, 30 * ms}, {2, 100, 100, 90 * ms}, {4, 100, 100, 40 * ms}, {2, 100, 100, 120 * ms}}, "ok"},
		{"it gets faster", []stretch{slow(10), fine(10)}, "not ok"},
		{"it begins to fail", []stretch{fine(12), failing(8)}, "not ok"},
		{"too short to tell", []stretch{fine(5)}, "none"},
	} {
		seconds, end := timeline(c.lived...)
		got := "none"
		check := analysis.SteadyCheck(seconds, 0, end)
		switch {
		case check != nil && check.OK:
			got = "ok"
		case check != nil:
			got = "not ok"
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s (%+v)", c.name, got, c.want, check)
		}
	}
}
