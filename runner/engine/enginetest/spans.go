package enginetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/wire"
)

// testSpans makes a write, and asks what it was for whom: the instance that answered, its attempt, and the statement. The spans have
// ended soon after it.
func testSpans(t *testing.T, w *world) {
	w.mustWrite(toAPI, "spans")
	trace, _ := chance.Trace(w.plan.Seed, fmt.Sprintf("users-%d", w.seq.Load()))
	want := []string{"api-1 server POST /orders/spans: 1 ok 200", "api-1 attempt db-1: 1 ok 0", "db-1 server write: 1 ok 0"}
	slices.Sort(want)
	w.eventually("the spans of a write have ended", func() bool {
		got := spansOf(w, trace)
		if !slices.Equal(got, want) {
			t.Logf("now they are %q", got)
		}
		return slices.Equal(got, want)
	})
}

// spansOf are the spans of a trace, in words; the number is how many spans led to each that are there.
func spansOf(w *world, trace uint64) (out []string) {
	ctx, cancel := context.WithTimeout(context.Background(), actTimeout)
	defer cancel()
	ids := map[uint64]bool{}
	answers := w.system.Spans(ctx, []uint64{trace})
	for _, a := range answers {
		if a.Spans != nil {
			for _, s := range a.Spans.Spans {
				ids[s.ID] = true
			}
		}
	}
	for _, a := range answers {
		if a.Spans == nil {
			out = append(out, a.Instance+" does not answer")
			continue
		}
		for _, s := range a.Spans.Spans {
			parents := 0
			if ids[s.Parent] || s.Kind == wire.SpanServer && s.What != "write" { // the client here has no span
				parents = 1
			}
			out = append(out, fmt.Sprintf("%s %s %s%s: %d %s %d", a.Instance, s.Kind, s.What, s.To, parents, s.Class, s.Status))
		}
	}
	slices.Sort(out)
	return out
}
