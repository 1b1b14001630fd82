package call

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	unhealthyNow = host.NewGauge("squall_unhealthy",
		"Replicas of callees that have failed their health checks and not yet passed enough of them.")
	healthChecksTotal   = host.NewCounter("squall_health_checks_total", "Health checks made of callees' replicas.")
	healthFailuresTotal = host.NewCounter("squall_health_check_failures_total", "Health checks that failed.")
)

// errNobodyWell is why a callee of which every replica fails its checks is not called.
var errNobodyWell = errors.New("no replica is healthy")

// health checks the replicas of one callee, and keeps those away from its caller's choice that fail. When more than most are ill, all
// are used. It is safe for concurrent use.
type health struct {
	i    *host.Instance
	to   *Callee
	rule scenarios.HealthCheck
	most int // how many may be out
	// back is told of a replica that is back; it may be nil.
	back func(*Replica)
	// ill is how many are out: it is read without the lock, since mostly it is 0.
	ill atomic.Int64

	mu sync.Mutex
	of []checked // by replica.n
}

// checked is one replica: out or not, and how many checks in a row have said otherwise.
type checked struct {
	out    bool
	streak int
}

// newHealth is nil for no check, and for a database, which does not speak HTTP. Checks that are the same are one.
func newHealth(m *making) policy {
	i, to := m.e.i, m.e.To
	if m.HealthCheck == nil || to.Kind == scenarios.KindDatabase {
		return nil
	}
	rule := withDefaults(m.HealthCheck)
	h := shared(m.e, rule, func() *health {
		most := int(rule.Most*float64(len(to.Replicas)) + 1e-9)
		made := &health{i: i, to: to, rule: rule, most: most, of: make([]checked, len(to.Replicas))}
		for _, r := range to.Replicas {
			i.Besides(func(ctx context.Context) { made.watch(ctx, r) })
		}
		return made
	})
	if m.back != nil {
		h.back = m.back
	}
	return h
}

// wrap rejects what would go to a callee of which nobody is well.
func (h *health) wrap(next round) round {
	return func(ctx context.Context, c host.Trace, n int, t Task) *Failure {
		if h.nobody() {
			h.i.Ends(h.i.Attempts(c, h.to.Node, n, time.Now()), host.SpanRefused, 0, errNobodyWell)
			return reject(h.to.Node, errNobodyWell)
		}
		return next(ctx, c, n, t)
	}
}

func withDefaults(h *scenarios.HealthCheck) scenarios.HealthCheck {
	out := *h
	if out.Timeout <= 0 {
		out.Timeout = out.Every
	}
	if out.Failures <= 0 {
		out.Failures = scenarios.DefaultCheckFailures
	}
	if out.Passes <= 0 {
		out.Passes = scenarios.DefaultCheckPasses
	}
	if out.Most <= 0 {
		out.Most = scenarios.DefaultMostOut
	}
	return out
}

// Retire ends checks that nobody asks for any more.
func (h *health) Retire() { unhealthyNow.In(h.i.Metrics).Add(-h.ill.Load()) }

// watch checks one replica. The first check comes somewhere within every, so that callers do not ask in step.
func (h *health) watch(ctx context.Context, r *Replica) {
	who := host.Trace{Request: "health." + h.i.Config.Instance + "." + r.Instance}
	next := time.Now().Add(time.Duration(h.i.Chance(who, "check").Float64() * float64(h.rule.Every)))
	for n := 0; ; n++ {
		if h.i.Sleep(ctx, time.Until(next)) != nil {
			return
		}
		passed := h.check(ctx, r, who.Request+"."+strconv.Itoa(n))
		if ctx.Err() != nil {
			return
		}
		h.count(r, passed)
		if next = next.Add(h.rule.Every); time.Until(next) < 0 { // it was stopped meanwhile, or the timeout is longer
			next = time.Now()
		}
	}
}

// check asks once.
func (h *health) check(ctx context.Context, r *Replica, id string) bool {
	ctx, cancel := context.WithTimeout(ctx, h.rule.Timeout)
	defer cancel()
	path := h.rule.Path
	if path == "" {
		path = "/"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL(path), nil)
	if err != nil {
		return false
	}
	request.Header.Set(wire.HeaderRequest, id)
	answer, err := h.to.Transport.RoundTrip(request)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, host.MaxBody))
	return err == nil && (h.rule.Path == "" || answer.StatusCode < http.StatusBadRequest)
}

// count takes what a check came to.
func (h *health) count(r *Replica, passed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, m := &h.of[r.n], h.i.Metrics
	healthChecksTotal.In(m).Add(1)
	if !passed {
		healthFailuresTotal.In(m).Add(1)
	}
	if passed != one.out { // as it was
		one.streak = 0
		return
	}
	one.streak++
	switch {
	case one.out && one.streak >= h.rule.Passes:
		*one = checked{}
		h.ill.Add(-1)
		unhealthyNow.In(m).Add(-1)
		if h.back != nil {
			h.back(r)
		}
	case !one.out && one.streak >= h.rule.Failures:
		*one = checked{out: true}
		unhealthyNow.In(m).Add(1)
		if int(h.ill.Add(1)) == h.most+1 {
			ejectionPanicsTotal.In(m).Add(1)
		}
	}
}

// nobody tells that all are out, and that they are not to be used for that.
func (h *health) nobody() bool {
	return h.most >= len(h.of) && int(h.ill.Load()) == len(h.of)
}

// narrow takes those away that are not well.
func (h *health) narrow(c *choice) *Replica {
	if ill := int(h.ill.Load()); ill == 0 || ill > h.most {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c.keep(func(r *Replica) bool { return !h.of[r.n].out })
	return nil
}
