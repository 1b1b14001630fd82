package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/wire"
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
	i    *instance
	name string // sets the couriers of a stream apart; empty in a queue
	now  atomic.Pointer[terms]

	delivered, fresh, replayed, redelivered, dead, expired atomic.Int64
}

// terms are to whom and how a courier delivers. They may change between two attempts.
type terms struct {
	to    *scenarios.Call
	guard *guard
	retry *scenarios.Retry // of which the number of attempts is ignored
	until scenarios.Redelivery
}

// newCourier takes the policies of the receiver, the more special first.
func (i *instance) newCourier(name string, to *scenarios.Call, until scenarios.Redelivery, policies ...scenarios.Policy) (*courier, error) {
	now, err := i.newTerms(to, until, policies)
	if err != nil {
		return nil, err
	}
	d := &courier{i: i, name: name}
	d.now.Store(now)
	return d, nil
}

func (i *instance) newTerms(to *scenarios.Call, until scenarios.Redelivery, policies []scenarios.Policy) (*terms, error) {
	if to == nil {
		return nil, errors.New("deliver to: no receiver given")
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
	return &terms{to: to, guard: g, retry: retry, until: until}, nil
}

// fate is what became of a message.
type fate int

const (
	interrupted fate = iota // ctx ended before it was settled
	delivered
	dead
	expired
)

// carry delivers one message, however many attempts that takes, and counts it. It is false where ctx ended before it was settled.
func (d *courier) carry(ctx context.Context, m *message) (settled bool) {
	switch d.bring(ctx, m, d.why(m), true) {
	case delivered:
		d.delivered.Add(1)
		if m.age() <= d.now.Load().until.Freshness {
			d.fresh.Add(1)
		}
		d.i.metrics.delivered.Add(1)
	case dead:
		d.dead.Add(1)
		d.i.metrics.dead.Add(1)
	case expired:
		d.expired.Add(1)
		d.i.metrics.expired.Add(1)
	default:
		return false
	}
	return true
}

// why is what a message's deliveries to this receiver come from.
func (d *courier) why(m *message) cause {
	if d.name == "" {
		return m.why()
	}
	return m.why().step("subscriber " + d.name)
}

// bring makes attempts until one succeeds, or it is enough; what is old may expire.
func (d *courier) bring(ctx context.Context, m *message, why cause, expires bool) fate {
	var wait time.Duration
	for n := 1; ; n++ {
		now := d.now.Load()
		if ttl := now.until.TTL; expires && ttl > 0 && m.age() > ttl {
			return expired
		}
		if n > 1 {
			d.redelivered.Add(1)
			d.i.metrics.redelivered.Add(1)
		}
		f := now.attempt(ctx, m, why, n)
		switch {
		case f == nil:
			return delivered
		case f.ending == declined || now.until.Redeliver > 0 && n > now.until.Redeliver && ctx.Err() == nil:
			return dead
		}
		wait = backoff(now.retry, min(n, 40)+1, wait, d.i.chance(why.attempt(n+1), "backoff"))
		if d.i.sleep(ctx, wait) != nil {
			return interrupted
		}
	}
}

// attempt makes the nth delivery; the receiver sees a retry's headers from the second on.
func (t *terms) attempt(ctx context.Context, m *message, why cause, n int) *failure {
	return t.guard.once(ctx, why.attempt(n), n, func(ctx context.Context, r *replica, c cause, n int) outcome {
		_, f := t.guard.sendOnce(ctx, r, c, n, call{method: t.to.Method, path: m.fill(t.to.Path), header: http.Header{wire.HeaderWrite: {m.id}}, body: m.reader})
		return outcome{f: f}
	})
}
