package broker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var (
	deliveredTotal   = host.NewCounter("squall_delivered_total", "Messages delivered and acknowledged.")
	redeliveredTotal = host.NewCounter("squall_redelivered_total", "Delivery attempts beyond a message's first.")
	expiredTotal     = host.NewCounter("squall_expired_total",
		"Messages given up because they had waited for longer than their ttl.")
	deadTotal = host.NewCounter("squall_dead_total",
		"Messages given up because the receiver refused them (4xx), or did not take them in as many attempts "+
			"as they have.")
)

// dispatcher brings messages to one receiver, each until the receiver answers below 400, or redeliver and ttl say that
// it is enough. A receiver that answers 4xx (but 408 and 429) has refused the message: it is dead, and not tried again.
type dispatcher struct {
	i    *host.Instance
	name string // sets the couriers of a stream apart; empty in a queue
	now  atomic.Pointer[terms]

	delivered, fresh, replayed, redelivered, dead, expired atomic.Int64
	// settling are the messages that have met their fate, while that is not on disk yet.
	settling atomic.Int64
	// waits are those of messages, from when each was on disk to when its fate was.
	waits passage.Count
}

// terms are to whom and how a courier delivers. They may change between two attempts.
type terms struct {
	to    *scenarios.Call
	calls *call.Executor
	retry *scenarios.Retry // of which the number of attempts is ignored
	until scenarios.Redelivery
}

// newDispatcher takes the policies of the receiver, the more special first.
func newDispatcher(i *host.Instance, name string, to *scenarios.Call, until scenarios.Redelivery, policies ...scenarios.Policy) (*dispatcher, error) {
	now, err := newTerms(i, to, until, policies)
	if err != nil {
		return nil, err
	}
	d := &dispatcher{i: i, name: name}
	d.now.Store(now)
	return d, nil
}

func newTerms(i *host.Instance, to *scenarios.Call, until scenarios.Redelivery, policies []scenarios.Policy) (*terms, error) {
	if to == nil {
		return nil, errors.New("deliver to: no receiver given")
	}
	policy := call.MergePolicies(policies)
	if policy.Timeout == 0 {
		policy.Timeout = call.DeliveryTimeout
	}
	// Retries are the courier's own affair: they may never end. Each attempt is a call of one attempt.
	retry := policy.Retry
	if retry == nil || retry.Backoff <= 0 {
		retry = call.WithoutEnd
	}
	policy.Retry = nil
	g, err := call.New(i, to.Callee(), policy)
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
func (d *dispatcher) carry(ctx context.Context, m *message) (settled bool) {
	return d.meets(m, d.bring(ctx, m, d.why(m), true))
}

// meets counts a message's fate; false: it has met none.
func (d *dispatcher) meets(m *message, how fate) bool {
	switch how {
	case delivered:
		d.delivered.Add(1)
		if m.age() <= d.now.Load().until.Freshness {
			d.fresh.Add(1)
		}
		deliveredTotal.In(d.i.Metrics).Add(1)
	case dead:
		d.dead.Add(1)
		deadTotal.In(d.i.Metrics).Add(1)
	case expired:
		d.expired.Add(1)
		expiredTotal.In(d.i.Metrics).Add(1)
	default:
		return false
	}
	d.settling.Add(1)
	return true
}

// leave counts that a message's fate is on disk.
func (d *dispatcher) leave(m *message) {
	d.waits.Leave(m.entered, time.Now())
	d.settling.Add(-1)
}

// why is what a message's deliveries to this receiver come from.
func (d *dispatcher) why(m *message) host.Trace {
	if d.name == "" {
		return m.why()
	}
	return m.why().Step("subscriber " + d.name)
}

// bring makes attempts until one succeeds, or it is enough; what is old may expire.
func (d *dispatcher) bring(ctx context.Context, m *message, why host.Trace, expires bool) fate {
	how := interrupted
	call.Repeat(d.i, ctx, why, func(n int) (backOff *scenarios.Retry, after time.Duration) { //nolint:errcheck // then it is interrupted
		now := d.now.Load()
		if ttl := now.until.TTL; expires && ttl > 0 && m.age() > ttl {
			how = expired
			return nil, 0
		}
		if n > 1 {
			d.redelivered.Add(1)
			redeliveredTotal.In(d.i.Metrics).Add(1)
		}
		f := now.attempt(ctx, m, why, n)
		switch {
		case f == nil:
			how = delivered
		case f.Class == call.Declined || now.until.Redeliver > 0 && n > now.until.Redeliver && ctx.Err() == nil:
			how = dead
		default:
			return now.retry, call.RetryAfter(now.retry, f)
		}
		return nil, 0
	})
	return how
}

// attempt makes the nth delivery; the receiver sees a retry's headers from the second on.
func (t *terms) attempt(ctx context.Context, m *message, why host.Trace, n int) *call.Failure {
	return t.calls.Once(ctx, why.Attempt(n), n, call.Task{Do: func(ctx context.Context, r *call.Replica, c host.Trace, n int) call.Outcome {
		_, f := t.calls.SendOnce(ctx, r, c, n, call.Request{Method: t.to.Method, Path: m.fill(t.to.Path), Header: http.Header{wire.HeaderWrite: {m.id}}, Body: m.reader})
		return call.Outcome{F: f}
	}})
}
