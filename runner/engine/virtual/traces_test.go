package virtual_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
)

// chained is users -> front -> back -> db, whose db takes 5 ms to read, with a fault in its second phase.
const chained = `
scenario: traced
topology:
  front:
    kind: gateway
    retry: {attempts: 2, backoff: 10ms}
    routes: [{match: /*, to: back, timeout: 100ms}]
  back: {kind: service, endpoints: {GET /: [{work: 2ms}, {read: db%s}]}}
  db: {kind: database, read_time: 5ms}
load: {users: {to: front, rate: 10/s, requests: [{send: GET /}]}}
phases:
  - {name: well, for: 2s}
  - {name: broken, for: 2s, faults: [%s]}
`

// hops tells a trace, one line a span.
func hops(t record.Trace) []string {
	depth := map[int]int{}
	out := []string{fmt.Sprintf("%s %d in %v %v", t.Outcome, t.Status, t.LatencyMs, t.Faults)}
	for _, s := range t.Spans {
		depth[s.ID] = depth[s.Parent] + 1
		end, waited := "…", "…"
		if s.EndMs != nil {
			end = fmt.Sprint(*s.EndMs)
		}
		if s.WaitedMs != nil {
			waited = fmt.Sprint(*s.WaitedMs)
		}
		line := fmt.Sprintf("%*s%s %s %s%s %v+%s..%s %s", 2*depth[s.ID], "", s.Kind, s.Instance, s.To, s.What, s.StartMs, waited, end, s.Class)
		if s.Number > 1 {
			line += fmt.Sprint(" #", s.Number)
		}
		if s.Why != "" {
			line += " " + s.Why
		}
		if s.Aside {
			line += " aside"
		}
		out = append(out, line)
	}
	return out
}

// first is the first trace of a phase that was chosen so.
func first(t *testing.T, r *record.Result, phase, chosen string) record.Trace {
	t.Helper()
	n := slices.IndexFunc(r.Traced, func(one record.Trace) bool { return one.Phase == phase && one.Chosen == chosen })
	if n < 0 {
		t.Fatalf("no trace of %s is kept that is %s: %+v", phase, chosen, r.Traces)
	}
	return r.Traced[n]
}

func wantHops(t *testing.T, got record.Trace, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, hops(got)); diff != "" {
		t.Errorf("%s, %s (-want +got):\n%s", got.Phase, got.Chosen, diff)
	}
}

// What a request was slow by stands at the hop where it was put on: 40 ms of latency on one edge are there, and nowhere else.
func TestTracesAreExact(t *testing.T) {
	r := conduct(t, parse(t, fmt.Sprintf(chained, "", "{latency: 40ms, on: back -> db}")), 1)
	if want := (record.Traces{Kept: 6, Slowest: 3, Failed: 3, Unanswered: map[string]int{}}); !cmp.Equal(*r.Traces, want) {
		t.Errorf("%+v, want %+v", *r.Traces, want)
	}
	for phase, more := range map[string]int{"well": 0, "broken": 40} {
		one := first(t, r, phase, "slowest")
		end, faults := 7+more, "[]"
		if more > 0 {
			faults = "[latency 40ms]"
		}
		wantHops(t, one,
			fmt.Sprintf("ok 200 in %d %s", end, faults),
			fmt.Sprintf("  server front-1 GET / 0+0..%d ok", end),
			fmt.Sprintf("    attempt front-1 back-1 0+0..%d ok", end),
			fmt.Sprintf("      server back-1 GET / 0+0..%d ok", end),
			fmt.Sprintf("        attempt back-1 db-1 2+0..%d ok", end),
			"          server db-1 read 2+0..7 ok") // its answer is late, not its question
	}
}

// An attempt that waited too long, for a connection over the slow edge, is there beside the one that took its place: that got its
// connection when the fault ended, at 3.15 s.
func TestTracesShowRetries(t *testing.T) {
	r := conduct(t, parse(t, fmt.Sprintf(chained, "", "{latency: 97ms, on: back -> db, for: 1150ms}")), 1)
	wantHops(t, first(t, r, "broken", "slowest"),
		"ok 200 in 155 [latency 97ms]",
		"  server front-1 GET / 0+0..155 ok",
		"    attempt front-1 back-1 0+0..100 failed no answer within 100ms",
		"      server back-1 GET / 0+0..100 gave up",
		"        attempt back-1 db-1 2+97..100 gave up",
		"    attempt front-1 back-1 110+0..155 ok #2",
		"      server back-1 GET / 110+0..155 ok",
		"        attempt back-1 db-1 112+38..155 ok",
		"          server db-1 read 150+0..155 ok")
	wantHops(t, first(t, r, "broken", "failed"),
		"failed 504 in 210 [latency 97ms]",
		"  server front-1 GET / 0+0..210 failed",
		"    attempt front-1 back-1 0+0..100 failed no answer within 100ms",
		"      server back-1 GET / 0+0..100 gave up",
		"        attempt back-1 db-1 2+97..100 gave up",
		"    attempt front-1 back-1 110+0..210 failed #2 no answer within 100ms",
		"      server back-1 GET / 110+0..210 gave up",
		"        attempt back-1 db-1 112+97..210 gave up")
}

// An attempt that a policy refuses is in the trace, and says who refused it.
func TestTracesShowWhatWasRefused(t *testing.T) {
	r := conduct(t, parse(t, fmt.Sprintf(chained, ", circuit_breaker: {failures: 50%, of: 2, open_for: 10s}", "{errors: 100%, on: db}")), 1)
	wantHops(t, first(t, r, "broken", "failed"),
		"failed 503 in 14 [errors 100% (status 500)]",
		"  server front-1 GET / 0+0..14 failed",
		"    attempt front-1 back-1 0+0..2 failed answered 503",
		"      server back-1 GET / 0+0..2 failed",
		"        attempt back-1 db-1 2+…..2 refused circuit breaker is open",
		"    attempt front-1 back-1 12+0..14 failed #2 answered 503",
		"      server back-1 GET / 12+0..14 failed",
		"        attempt back-1 db-1 14+…..14 refused circuit breaker is open")
}

// One seed gives the same bytes, and children are within their parents.
func TestTracesAddUpAndRepeat(t *testing.T) {
	var last []byte
	for range 2 {
		r := conduct(t, quickstart(t), 3)
		lines, err := json.Marshal(r.Traced)
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && !bytes.Equal(lines, last) {
			t.Error("two runs of one seed keep other traces")
		}
		last = lines
		if r.Traces.Kept < 10 || r.Traces.Incomplete != 0 || r.Traces.UncertaintyMs != 0 {
			t.Errorf("%+v", r.Traces)
		}
		for _, one := range r.Traced {
			addsUp(t, one)
		}
	}
}

// addsUp wants every span within the one that led to it, and those at the top within the request.
func addsUp(t *testing.T, one record.Trace) {
	t.Helper()
	if len(one.Spans) == 0 {
		t.Errorf("%s %s %d has no spans", one.Phase, one.Request, one.Seq)
	}
	for _, s := range one.Spans {
		from, to := 0.0, one.LatencyMs
		if s.Parent > 0 {
			from, to = one.Spans[s.Parent-1].StartMs, *one.Spans[s.Parent-1].EndMs
		}
		if s.EndMs == nil || s.StartMs < from || !s.Aside && *s.EndMs > to || *s.EndMs < s.StartMs {
			t.Errorf("%s %s %d: span %+v is not within %v..%v", one.Phase, one.Request, one.Seq, s, from, to)
		}
	}
}
