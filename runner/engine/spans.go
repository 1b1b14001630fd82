package engine

import (
	"context"
	"net/http"
	"sync"

	"github.com/squallhq/squall/runner/traces"
	"github.com/squallhq/squall/runner/wire"
)

// Spans asks every built-in instance that can answer now what it remembers of some traces.
func (s *system) Spans(ctx context.Context, of []uint64) []traces.Answer {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	out := make([]traces.Answer, 0, len(s.instances))
	var asking sync.WaitGroup
	for _, i := range s.instances {
		if i.image() {
			continue
		}
		out = append(out, traces.Answer{Instance: i.plan.Name})
		if i.isAway() || i.standsStill() {
			continue
		}
		into := &out[len(out)-1] // there is room for all of them: it stays where it is
		asking.Go(func() {
			var told wire.Spans
			if i.ask(ctx, http.MethodPost, i.adminURL(wire.AdminSpans), of, &told) == nil {
				into.Spans = &told
			}
		})
	}
	asking.Wait()
	return out
}
