package node

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Defaults of deliveries.
const (
	// deliveryTimeout bounds one attempt where the scenario sets no timeout.
	deliveryTimeout = 10 * time.Second
	// firstBackoff doubles up to lastBackoff between attempts where the scenario sets no retry.
	firstBackoff = 100 * time.Millisecond
	lastBackoff  = 2 * time.Second
)

// courier brings messages to one receiver, each until the receiver answers below 400, or redeliver and ttl say that
// it is enough. A receiver that answers 4xx (but 408 and 429) has refused the message: it is dead, and not tried again.
type courier struct {
	i     *instance
	to    *scenarios.Call
	name  string // sets the couriers of a stream apart; empty in a queue
	guard *guard
	retry *scenarios.Retry // of which the number of attempts is ignored
	until scenarios.Redelivery

	delivered, fresh, redelivered, dead, expired atomic.Int64
}

// newCourier takes the policies of the receiver, the more special first.
func (i *instance) newCourier(name string, to *scenarios.Call, until scenarios.Redelivery, policies ...scenarios.Policy) (*courier, error) {
	if to == nil {
		return nil, fmt.Errorf("deliver to: no receiver given")
	}
	policy := mergePolicies(policies)
	if policy.Timeout == 0 {
		policy.Timeout = deliveryTimeout
	}
	// Retries are the courier's own affair: they may never end. Each attempt is a call of one attempt.
	retry := policy.Retry
	if retry == nil || retry.Backoff <= 0 {
		retry = &scenarios.Retry{Backoff: firstBackoff, Most: lastBackoff, Jitter: "equal"}
	}
	policy.Retry = nil
	g, err := i.newGuard(to.Node, policy)
	if err != nil {
		return nil, fmt.Errorf("deliver to: %w", err)
	}
	return &courier{i: i, to: to, name: name, guard: g, retry: retry, until: until}, nil
}

// carry delivers one message, however many attempts that takes. It is false where ctx ended before it was settled.
func (d *courier) carry(ctx context.Context, m *message) (settled bool) {
	why := m.why()
	if d.name != "" {
		why = why.step("subscriber " + d.name)
	}
	for n := 1; ; n++ {
		if d.until.TTL > 0 && m.age() > d.until.TTL {
			d.expired.Add(1)
			d.i.metrics.expired.Add(1)
			return true
		}
		if n > 1 {
			d.redelivered.Add(1)
			d.i.metrics.redelivered.Add(1)
		}
		f := d.attempt(ctx, m, why, n)
		switch {
		case f == nil:
			d.delivered.Add(1)
			if m.age() <= d.until.Freshness {
				d.fresh.Add(1)
			}
			d.i.metrics.delivered.Add(1)
			return true
		case f.ending == declined || d.until.Redeliver > 0 && n > d.until.Redeliver && ctx.Err() == nil:
			d.dead.Add(1)
			d.i.metrics.dead.Add(1)
			return true
		}
		if d.i.sleep(ctx, backoff(d.retry, min(n, 40)+1, d.i.chance(why.attempt(n+1), "backoff"))) != nil {
			return false
		}
	}
}

// attempt makes the nth delivery; the receiver sees a retry's headers from the second on.
func (d *courier) attempt(ctx context.Context, m *message, why cause, n int) *failure {
	return d.guard.once(ctx, why.attempt(n), n, func(ctx context.Context, r *replica, c cause, n int) outcome {
		_, f := d.guard.sendOnce(ctx, r, c, n, call{method: d.to.Method, path: m.fill(d.to.Path), header: http.Header{HeaderWrite: {m.id}}, body: m.reader})
		return outcome{f: f}
	})
}
