// Package gateway is the gateway role: limits, authentication and routes in front of services.
package gateway

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	unauthorizedTotal = host.NewCounter("squall_unauthorized_total",
		"Requests refused (401) for want of an API key or a valid token.")
	splitTotal = host.NewCounter("squall_split_total", "Requests that a gateway sent to a split's node.")
)

// gateway routes requests to services. In this order: what may be in flight (503), the request's length (413), who it
// is from (401; an API key is any that is not empty, since a scenario lists none), the rate limit (429), the route
// (404 if none) and its split, the call.
type gateway struct {
	i      *host.Instance
	admit  host.Handler // what the bound on requests in flight lets in
	who    authentication
	limit  *admission.Limiter
	routes []gatewayRoute
}

type gatewayRoute struct {
	match wire.Route
	proxy *call.Proxy
	// canary gets share of the requests; nil: none.
	canary *call.Proxy
	share  float64
}

func New(i *host.Instance) (host.Role, error) {
	who, err := newAuthentication(i)
	if err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	g := &gateway{i: i, who: who, limit: admission.LimiterOf(i, i.Config.Node.RateLimit)}
	buffers := &call.BufferPool{}
	// Routes to the same node share its breaker and budget, and the proxy too where they share its timeout.
	type shared struct{ to, or, timeout string }
	proxies := make(map[shared]*call.Proxy)
	to := func(node string, or []string, route scenarios.Route) (*call.Proxy, error) {
		key := shared{node, strings.Join(or, ","), route.Timeout.String()}
		if proxies[key] == nil {
			calls, err := call.NewWithFailover(i, node, or, scenarios.Policy{Timeout: route.Timeout}, i.Config.Node.Policy)
			if err != nil {
				return nil, fmt.Errorf("route %q: %w", route.Match, err)
			}
			proxies[key] = call.NewProxy(i, calls, buffers)
		}
		return proxies[key], nil
	}
	for _, route := range i.Config.Node.Routes {
		one := gatewayRoute{match: wire.ParseRoute(route.Match)}
		if one.proxy, err = to(scenarios.CalleeName(route.To, route.ToPort), route.Failover.Failover, route); err != nil {
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
	g.admit = admission.Shed(i, admission.AdaptiveLimitOf(i, i.Config.Node.Shed), g.enter)
	return host.NewHTTPRole(i, i.Counted(g.answer), nil), nil
}

func (g *gateway) answer(w http.ResponseWriter, r *http.Request, c host.Trace) {
	if status, fails := g.i.InjectedError(c); fails {
		g.i.Refuse(w, status, "injected error")
		return
	}
	if err := g.i.Slow(r.Context()); err != nil {
		return
	}
	g.admit(w, r, c)
}

// enter is what comes after the bound on what is in flight.
func (g *gateway) enter(w http.ResponseWriter, r *http.Request, c host.Trace) {
	if most := g.i.Config.Node.MaxBody; most > 0 {
		if r.ContentLength > most {
			host.TooLargeTotal.In(g.i.Metrics).Add(1)
			g.i.Refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("longer than %d bytes", most))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most) // for those that do not say how long they are
	}
	if f := g.who.admit(r, c); f != nil {
		if f.Status == http.StatusUnauthorized {
			unauthorizedTotal.In(g.i.Metrics).Add(1)
			w.Header().Set("WWW-Authenticate", g.who.scheme)
		}
		g.i.Refuse(w, f.Status, f.Err.Error())
		return
	}
	if wait, ok := g.limit.Allow(r.Header); !ok {
		admission.RateLimitedTotal.In(g.i.Metrics).Add(1)
		admission.RefuseFor(g.i, w, wait, "rate limit")
		return
	}
	for _, route := range g.routes {
		if route.match.Takes(r.Method, r.URL.Path) {
			route.pick(g.i, c).Serve(w, r, c)
			return
		}
	}
	g.i.Refuse(w, http.StatusNotFound, "no route")
}

// pick draws who answers a request; a user's retry is drawn anew.
func (route *gatewayRoute) pick(i *host.Instance, c host.Trace) *call.Proxy {
	if route.canary == nil || i.Chance(c, "split").Float64() >= route.share {
		return route.proxy
	}
	splitTotal.In(i.Metrics).Add(1)
	return route.canary
}
