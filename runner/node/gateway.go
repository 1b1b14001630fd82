package node

import (
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"strconv"

	"github.com/squallhq/squall/scenarios"
)

// silent takes what the reverse proxy would log of single requests: they are counted, not told.
var silent = log.New(io.Discard, "", 0)

// gateway routes requests to services. In this order: the API key (any that is not empty, since a
// scenario lists none; 401 without), the rate limit (429), the route (404 if none), the call.
type gateway struct {
	i      *instance
	keyed  bool
	limit  *limiter
	routes []gatewayRoute
}

type gatewayRoute struct {
	match matcher
	proxy *proxy
}

func newGateway(i *instance) (role, error) {
	g := &gateway{i: i, keyed: i.config.Node.Auth == "api-key", limit: newLimiter(i.config.Node.RateLimit)}
	buffers := &bufferPool{}
	// Routes to the same node share its breaker and budget, and the proxy too where they share its timeout.
	type shared struct {
		to      string
		timeout string
	}
	proxies := make(map[shared]*proxy)
	for _, route := range i.config.Node.Routes {
		key := shared{route.To, route.Timeout.String()}
		if proxies[key] == nil {
			guard, err := i.newGuard(route.To, scenarios.Policy{Timeout: route.Timeout}, i.config.Node.Policy)
			if err != nil {
				return nil, fmt.Errorf("route %q: %w", route.Match, err)
			}
			proxies[key] = i.newProxy(guard, buffers)
		}
		g.routes = append(g.routes, gatewayRoute{newMatcher(route.Match), proxies[key]})
	}
	return &httpRole{i: i, handler: i.counted(g.answer)}, nil
}

func (g *gateway) answer(w http.ResponseWriter, r *http.Request, c cause) {
	if status, fails := g.i.errs(c); fails {
		g.i.refuse(w, status, "injected error")
		return
	}
	if err := g.i.slow(r.Context()); err != nil {
		return
	}
	if g.keyed && r.Header.Get(HeaderKey) == "" {
		g.i.metrics.unauthorized.Add(1)
		w.Header().Set("WWW-Authenticate", "ApiKey")
		g.i.refuse(w, http.StatusUnauthorized, "no "+HeaderKey)
		return
	}
	if wait, ok := g.limit.allow(r.Header); !ok {
		g.i.metrics.rateLimited.Add(1)
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		g.i.refuse(w, http.StatusTooManyRequests, "rate limit")
		return
	}
	for _, route := range g.routes {
		if route.match.matches(r.Method, r.URL.Path) {
			route.proxy.serve(w, r, c)
			return
		}
	}
	g.i.refuse(w, http.StatusNotFound, "no route")
}
