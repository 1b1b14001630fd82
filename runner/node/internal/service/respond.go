package service

import (
	"context"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// respond shapes the answer of a share of requests, drawn for each request anew.
func (s *service) respond(what *scenarios.Respond) stepFunc {
	shaped := contentOf(what, s.compiling, s.popping)
	return func(_ context.Context, v *request, c host.Trace) *call.Failure {
		if what.Share > 0 && s.i.Chance(c, "respond").Float64() >= what.Share {
			return nil
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		if what.Status != 0 {
			v.status = what.Status
		}
		if what.CacheControl != "" {
			v.caching = what.CacheControl
		}
		if shaped != nil {
			v.content = shaped
		}
		return nil
	}
}
