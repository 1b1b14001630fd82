package node

import (
	"context"

	"github.com/squallhq/squall/scenarios"
)

// respond shapes the answer of a share of requests, drawn for each request anew.
func (s *service) respond(what *scenarios.Respond) runner {
	return func(_ context.Context, v *visit, c cause) *failure {
		if what.Share > 0 && s.i.chance(c, "respond").Float64() >= what.Share {
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
		return nil
	}
}
