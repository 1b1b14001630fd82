package node

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	unauthorizedTotal = newCounter("squall_unauthorized_total",
		"Requests refused (401) for want of an API key or a valid token.")
	splitTotal = newCounter("squall_split_total", "Requests that a gateway sent to a split's node.")
)

// silent takes what the reverse proxy would log of single requests: they are counted, not told.
var silent = log.New(io.Discard, "", 0)

// gateway routes requests to services. In this order: what may be in flight (503), the request's length (413), who it
// is from (401; an API key is any that is not empty, since a scenario lists none), the rate limit (429), the route
// (404 if none) and its split, the call.
type gateway struct {
	i      *instance
	admit  handler // what the bound on requests in flight lets in
	who    authentication
	limit  *limiter
	routes []gatewayRoute
}

type gatewayRoute struct {
	match wire.Route
	proxy *proxy
	// canary gets share of the requests; nil: none.
	canary *proxy
	share  float64
}

func newGateway(i *instance) (role, error) {
	who, err := newAuthentication(i)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	g := &gateway{i: i, who: who, limit: limiterOf(i, i.config.Node.RateLimit)}
	buffers := &bufferPool{}
	// Routes to the same node share its breaker and budget, and the proxy too where they share its timeout.
	type shared struct{ to, or, timeout string }
	proxies := make(map[shared]*proxy)
	to := func(node string, or []string, route scenarios.Route) (*proxy, error) {
		key := shared{node, strings.Join(or, ","), route.Timeout.String()}
		if proxies[key] == nil {
			calls, err := i.newExecutorOr(node, or, scenarios.Policy{Timeout: route.Timeout}, i.config.Node.Policy)
			if err != nil {
				return nil, fmt.Errorf("route %q: %w", route.Match, err)
			}
			proxies[key] = i.newProxy(calls, buffers)
		}
		return proxies[key], nil
	}
	for _, route := range i.config.Node.Routes {
		one := gatewayRoute{match: wire.ParseRoute(route.Match)}
		if one.proxy, err = to(route.To, route.Failover.Failover, route); err != nil {
			return nil, err
		}
		if s := route.Split; s != nil {
			if one.canary, err = to(s.To, nil, route); err != nil {
				return nil, err
			}
			one.share = s.Share
		}
		g.routes = append(g.routes, one)
	}
	g.admit = i.bounded(boundOf(i, i.config.Node.Shed), g.enter)
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
	g.admit(w, r, c)
}

// enter is what comes after the bound on what is in flight.
func (g *gateway) enter(w http.ResponseWriter, r *http.Request, c cause) {
	if most := g.i.config.Node.MaxBody; most > 0 {
		if r.ContentLength > most {
			tooLargeTotal.in(g.i.metrics).Add(1)
			g.i.refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("longer than %d bytes", most))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most) // for those that do not say how long they are
	}
	if f := g.who.admit(r, c); f != nil {
		if f.status == http.StatusUnauthorized {
			unauthorizedTotal.in(g.i.metrics).Add(1)
			w.Header().Set("WWW-Authenticate", g.who.scheme)
		}
		g.i.refuse(w, f.status, f.err.Error())
		return
	}
	if wait, ok := g.limit.allow(r.Header); !ok {
		rateLimitedTotal.in(g.i.metrics).Add(1)
		g.i.refuseFor(w, wait, "rate limit")
		return
	}
	for _, route := range g.routes {
		if route.match.Takes(r.Method, r.URL.Path) {
			route.pick(g.i, c).serve(w, r, c)
			return
		}
	}
	g.i.refuse(w, http.StatusNotFound, "no route")
}

// pick draws who answers a request; a user's retry is drawn anew.
func (route *gatewayRoute) pick(i *instance, c cause) *proxy {
	if route.canary == nil || i.chance(c, "split").Float64() >= route.share {
		return route.proxy
	}
	splitTotal.in(i.metrics).Add(1)
	return route.canary
}
