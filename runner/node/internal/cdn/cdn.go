// Package cdn is the cdn role: an edge that answers from its copies.
package cdn

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/copies"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	cacheBypassedTotal = host.NewCounter("squall_cache_bypassed_total", "Requests that no cache rule covers.")
	cacheNegativeTotal = host.NewCounter("squall_cache_negative_total",
		"Requests answered with a fresh copy of a 404 or 410; part of the hits.")
)

// cdn answers from its copies where a rule lets it, and asks its origin otherwise. In this order: the rules about bots
// (403, 429), the rate limit (429), the cache, the origin.
//
// What is cached: answers of 200 to GET, at most 1 MiB long, under the first rule that matches, keyed by host, path and
// query, and by the request's headers that the answer names in Vary (RFC 9111, 4.1). HEAD is answered from the copy for GET,
// and asks the origin for that one. Not cached, neither read nor stored: requests with Authorization, Range or
// Cache-Control: no-store. Not stored: answers with Cache-Control: no-store or private, Set-Cookie or Vary: *, and
// degraded ones. A request with Cache-Control: no-cache asks the origin and refreshes the copy. An API key is not part
// of the key: a rule says that its answers are for everybody.
//
// A POST, PUT, DELETE or PATCH that succeeds takes away what is kept of its own URI (RFC 9111, 4.4); an answer that the
// origin is giving meanwhile may still be kept.
//
// A rule may add to that: answers of 404 and 410 for a negative_ttl (500 and more never), a key without
// some query parameters, a jitter of the ttl, and an origin's Cache-Control that decides in the ttl's place.
//
// When the origin fails (no answer, 500, 502, 503 or 504, after the node's policy: RFC 5861, 4), a copy not older than
// ttl + stale_if_error is served as stale, which is a degraded answer. Up to ttl + stale_while_revalidate
// a copy is served as stale at once, which is not, and one request refreshes it meanwhile. Where there is no such copy
// and the rule has a static page, that is served, which is degraded too.
//
// Every answer under a rule says hit, miss or stale in Squall-Cache, and one from a copy its Age, with the time that it
// spent in caches on the way (RFC 9111, 4.2.3).
type cdn struct {
	i       *host.Instance
	bots    []botRule
	limit   *admission.Limiter
	origin  *call.Executor
	through *call.Proxy
	rules   []cdnRule
	cache   *cache
	fills   copies.Coalescer[fill]
	fresh   copies.Refreshing
}

type cdnRule struct {
	scenarios.CacheRule
	match wire.Route
}

// fill is what asking the origin came to: an answer, whole, or a failure.
type fill struct {
	status  int
	header  http.Header
	body    []byte
	failure *call.Failure
	// asked is when the attempt began that was answered so, of the variant of its key that it was made for.
	asked   time.Time
	variant string
	// shared tells that it may answer others who asked for the same.
	shared bool
	// long: the answer is longer than is kept; it has to be asked for again, and streamed.
	long bool
}

func New(i *host.Instance) (host.Role, error) {
	g, err := call.NewWithFailover(i, scenarios.CalleeName(i.Config.Node.Origin, i.Config.Node.OriginPort), i.Config.Node.Failover.Failover, i.Config.Node.Policy)
	if err != nil {
		return nil, fmt.Errorf("origin: %w", err)
	}
	c := &cdn{i: i, origin: g, through: call.NewProxy(i, g, &call.BufferPool{}), cache: copiesOf(i),
		bots: newBotRules(i.Config.Node.Bots.Bots), limit: admission.LimiterOf(i, i.Config.Node.RateLimit)}
	c.fills.InTurn = i.InTurn
	for _, r := range i.Config.Node.Cache {
		c.rules = append(c.rules, cdnRule{r, wire.ParseRoute(r.Match)})
	}
	return host.NewHTTPRole(i, i.Counted(c.answer), nil), nil
}

func (c *cdn) answer(w http.ResponseWriter, r *http.Request, why host.Trace) {
	if status, fails := c.i.InjectedError(why); fails {
		c.i.Refuse(w, status, "injected error")
		return
	}
	if err := c.i.Slow(r.Context()); err != nil {
		return
	}
	if c.stopped(w, r) {
		return
	}
	rule := c.rule(r)
	if rule == nil {
		cacheBypassedTotal.In(c.i.Metrics).Add(1)
		c.through.Serve(c.invalidating(w, r), r, why)
		return
	}
	key := rule.key(r)
	kept, past := c.cache.get(key, r.Header)
	if kept != nil && !says(r.Header, "no-cache") {
		switch {
		case past < 0:
			copies.CacheHitsTotal.In(c.i.Metrics).Add(1)
			if kept.status != http.StatusOK {
				cacheNegativeTotal.In(c.i.Metrics).Add(1)
			}
			kept.serve(w, "hit")
			return
		case past < kept.revalidate:
			copies.CacheRevalidatingTotal.In(c.i.Metrics).Add(1)
			c.refresh(r, why, rule, key)
			kept.serve(w, "stale")
			return
		}
	}
	copies.CacheMissesTotal.In(c.i.Metrics).Add(1)
	c.miss(w, r, why, rule, key, kept)
}

// miss asks the origin, and serves kept if that fails and kept is not too old.
func (c *cdn) miss(w http.ResponseWriter, r *http.Request, why host.Trace, rule *cdnRule, key string, kept *cachedCopy) {
	got, err := c.fetch(r, why, rule, key)
	switch {
	case err != nil: // the client left
		w.WriteHeader(call.StatusAbandoned)
	case got.long:
		c.through.Serve(w, r, why)
	case got.broke() && kept != nil && c.usable(kept):
		copies.CacheStaleTotal.In(c.i.Metrics).Add(1)
		host.DegradedTotal.In(c.i.Metrics).Add(1)
		w.Header().Set(wire.HeaderDegraded, fmt.Sprintf("stale, age %s", kept.age().Truncate(time.Second)))
		kept.serve(w, "stale")
	case got.broke() && rule.Fallback != nil:
		c.page(w, rule.Fallback)
	case got.failure != nil:
		c.i.Refuse(w, got.failure.Status, got.failure.Error())
	default:
		c.pass(w, got)
	}
}

// usable tells that a copy may be served where the origin fails.
func (c *cdn) usable(kept *cachedCopy) bool {
	return c.cache.past(kept) < kept.onError
}

// broke tells that the origin failed, in the sense of stale-if-error: 501 and the like are answers.
func (f *fill) broke() bool {
	switch f.status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return f.failure != nil
}

func (c *cdn) pass(w http.ResponseWriter, got fill) {
	copyHeader(w.Header(), got.header)
	w.Header().Set(wire.HeaderCache, "miss")
	w.WriteHeader(got.status)
	w.Write(got.body) //nolint:errcheck // a client that left reads nothing
}

// fetch asks the origin, together with others who ask for the same where the rule says so.
func (c *cdn) fetch(r *http.Request, why host.Trace, rule *cdnRule, key string) (fill, error) {
	if !rule.Coalesce {
		got := c.ask(r.Context(), r, why, rule, key)
		return got, r.Context().Err()
	}
	got, joined, err := c.fills.Do(r.Context(), c.cache.variant(key, r.Header), c.i.Answering.Go, func(ctx context.Context) fill {
		return c.ask(ctx, r, why, rule, key)
	})
	if err != nil || !joined {
		return got, err
	}
	if !got.shared || variantOf(varyOf(got.header), r.Header) != got.variant { // it was for the first asker alone
		got = c.ask(r.Context(), r, why, rule, key)
		return got, r.Context().Err()
	}
	copies.CacheCoalescedTotal.In(c.i.Metrics).Add(1)
	return got, nil
}

// ask makes one request to the origin under its policy, and stores the answer if it may be.
func (c *cdn) ask(ctx context.Context, r *http.Request, why host.Trace, rule *cdnRule, key string) fill {
	h := endToEnd(r.Header)
	for _, conditional := range []string{"If-None-Match", "If-Modified-Since", "If-Match", "If-Unmodified-Since", "If-Range"} {
		h.Del(conditional) // the copy is to be whole
	}
	h.Add("X-Forwarded-Host", r.Host)
	var got fill
	f := c.origin.Run(ctx, why, call.Task{Safe: true, Do: func(ctx context.Context, to *call.Replica, why host.Trace, n int) call.Outcome {
		answer, f := c.askOnce(ctx, to, why, n, r, h)
		return call.Outcome{F: f, Settle: func(taken bool) {
			if taken {
				got = answer
			}
		}}
	}})
	if got.status == 0 {
		got.failure = f
		got.shared = f != nil && f.Class != call.Abandoned
		return got
	}
	if got.shared && !got.long && got.header.Get(wire.HeaderDegraded) == "" {
		if one := rule.copyOf(got, c.i, why); one != nil {
			one.key, one.vary, one.variant = key, varyOf(got.header), got.variant
			if one.header.Get(wire.HeaderFailover) != "" { // it is about this answer, not about copies of it
				one.header = one.header.Clone()
				one.header.Del(wire.HeaderFailover)
			}
			c.cache.put(one)
		}
	}
	return got
}

func (c *cdn) askOnce(ctx context.Context, to *call.Replica, why host.Trace, n int, r *http.Request, h http.Header) (fill, *call.Failure) {
	bounded, cancel := c.origin.Bounded(ctx)
	defer cancel()
	out, err := http.NewRequestWithContext(c.i.Connecting(bounded, why), http.MethodGet, to.URL(r.URL.RequestURI()), nil)
	if err != nil {
		return fill{}, &call.Failure{Class: call.Declined, Status: http.StatusBadRequest, To: to.Instance, Err: err}
	}
	out.Header = h.Clone()
	out.Host = cmp.Or(to.Host, r.Host)
	why.Put(out.Header, n)
	c.origin.HandOn(bounded, out.Header)
	asked := time.Now()
	answer, err := c.origin.To.Transport.RoundTrip(out)
	if err != nil {
		return fill{}, call.FailureOf(ctx, bounded, to.Instance, c.origin.Timeout, err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, host.MaxBody+1))
	if err != nil {
		return fill{}, call.FailureOf(ctx, bounded, to.Instance, c.origin.Timeout, err)
	}
	c.origin.Mark(answer.Header, to)
	got := fill{status: answer.StatusCode, header: endToEnd(answer.Header), body: body, long: len(body) > host.MaxBody, asked: asked}
	got.shared = storable(got.header) && !got.long
	got.variant = variantOf(varyOf(got.header), r.Header)
	return got, call.FailureStatus(to.Instance, answer.StatusCode, answer.Header)
}

// rule is the first that covers the request, nil for none.
func (c *cdn) rule(r *http.Request) *cdnRule {
	if r.Method != http.MethodGet && r.Method != http.MethodHead ||
		r.Header.Get("Authorization") != "" || r.Header.Get("Range") != "" || says(r.Header, "no-store") {
		return nil
	}
	return c.ruleOf(r.Method, r.URL.Path)
}

// ruleOf is the first rule that matches.
func (c *cdn) ruleOf(method, path string) *cdnRule {
	for n := range c.rules {
		if c.rules[n].match.Takes(method, path) {
			return &c.rules[n]
		}
	}
	return nil
}

// storable tells whether an answer with these headers may be given to others.
func storable(h http.Header) bool {
	return h.Get("Set-Cookie") == "" && !slices.Contains(varyOf(h), "*") && !says(h, "no-store") && !says(h, "private")
}

// says tells whether Cache-Control has a directive.
func says(h http.Header, directive string) bool {
	for _, line := range h.Values("Cache-Control") {
		for part := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(part), "=")
			if strings.EqualFold(name, directive) {
				return true
			}
		}
	}
	return false
}

// serve answers with the copy. It acknowledges no write: those are the first asker's.
func (k *cachedCopy) serve(w http.ResponseWriter, how string) {
	h := w.Header()
	copyHeader(h, k.header)
	h.Del(wire.HeaderWrote)
	h.Del(wire.HeaderPosition)
	h.Del(wire.HeaderStale)
	h.Set(wire.HeaderCache, how)
	h.Set("Age", strconv.Itoa(int(math.Floor(k.age().Seconds()))))
	w.WriteHeader(k.status)
	w.Write(k.body) //nolint:errcheck // a client that left reads nothing
}
