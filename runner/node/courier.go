package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	deliveredTotal   = newCounter("squall_delivered_total", "Messages delivered and acknowledged.")
	redeliveredTotal = newCounter("squall_redelivered_total", "Delivery attempts beyond a message's first.")
	expiredTotal     = newCounter("squall_expired_total",
		"Messages given up because they had waited for longer than their ttl.")
	deadTotal = newCounter("squall_dead_total",
		"Messages given up because the receiver refused them (4xx), or did not take them in as many attempts "+
			"as they have.")
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
	calls *executor
	retry *scenarios.Retry // of which the number of attempts is ignored
	until scenarios.Redelivery
}

// newCourier takes the policies of the receiver, the more special first.
func newCourier(i *instance, name string, to *scenarios.Call, until scenarios.Redelivery, policies ...scenarios.Policy) (*courier, error) {
	now, err := newTerms(i, to, until, policies)
	if err != nil {
		return nil, err
	}
	d := &courier{i: i, name: name}
	d.now.Store(now)
	return d, nil
}

func newTerms(i *instance, to *scenarios.Call, until scenarios.Redelivery, policies []scenarios.Policy) (*terms, error) {
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
		retry = withoutEnd
	}
	policy.Retry = nil
	g, err := newExecutor(i, to.Node, policy)
	if err != nil {
		return nil, fmt.Errorf("deliver to: %w", err)
	}
	return &terms{to: to, calls: g, retry: retry, until: until}, nil
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
		deliveredTotal.in(d.i.metrics).Add(1)
	case dead:
		d.dead.Add(1)
		deadTotal.in(d.i.metrics).Add(1)
	case expired:
		d.expired.Add(1)
		expiredTotal.in(d.i.metrics).Add(1)
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
	how := interrupted
	repeat(d.i, ctx, why, func(n int) (backOff *scenarios.Retry) { //nolint:errcheck // then it is interrupted
		now := d.now.Load()
		if ttl := now.until.TTL; expires && ttl > 0 && m.age() > ttl {
			how = expired
			return nil
		}
		if n > 1 {
			d.redelivered.Add(1)
			redeliveredTotal.in(d.i.metrics).Add(1)
		}
		f := now.attempt(ctx, m, why, n)
		switch {
		case f == nil:
			how = delivered
		case f.class == declined || now.until.Redeliver > 0 && n > now.until.Redeliver && ctx.Err() == nil:
			how = dead
		default:
			return now.retry
		}
		return nil
	})
	return how
}

// attempt makes the nth delivery; the receiver sees a retry's headers from the second on.
func (t *terms) attempt(ctx context.Context, m *message, why cause, n int) *failure {
	return t.calls.once(ctx, why.attempt(n), n, task{do: func(ctx context.Context, r *replica, c cause, n int) outcome {
		_, f := t.calls.sendOnce(ctx, r, c, n, call{method: t.to.Method, path: m.fill(t.to.Path), header: http.Header{wire.HeaderWrite: {m.id}}, body: m.reader})
		return outcome{f: f}
	}})
}
