package service

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/taken"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

var (
	poppedTotal       = host.NewCounter("squall_popped_total", "Messages that pop steps took.")
	poppedAgainTotal  = host.NewCounter("squall_popped_again_total", "Messages that pop steps took and that somebody had taken before: they were not acknowledged then.")
	popEmptyTotal     = host.NewCounter("squall_pop_empty_total", "Pop steps that found no message.")
	popSettledTotal   = host.NewCounter("squall_pop_acknowledged_total", "Messages acknowledged, since the request that took them ended well.")
	popReturnedTotal  = host.NewCounter("squall_pop_returned_total", "Messages given back, since the request that took them did not end well.")
	popUnsettledTotal = host.NewCounter("squall_pop_unsettled_total",
		"Messages whose acknowledgement, or giving back, did not reach their queue in time: they come again.")
	popGoneTotal = host.NewCounter("squall_pop_gone_total", "Messages taken at most once by requests that did not end well: nobody gets them again.")
)

// settleTimeout bounds an acknowledgement: a request does not wait longer for its queue.
const settleTimeout = 2 * time.Second

// pop takes a message. Without one the request ends there, with 204 or what the step says.
func (s *service) pop(what *scenarios.Step) (stepFunc, error) {
	g, err := call.New(s.i, what.Pop.Pop, what.Policy, s.i.Config.Node.Policy)
	if err != nil {
		return nil, err
	}
	s.popping = true
	for _, to := range g.To.Replicas {
		listen := map[parts.Protocol]func(*call.Replica) error{parts.SpeaksNATS: s.nats.Listen, parts.SpeaksKafka: s.kafka.Listen}[to.Speaks]
		if listen == nil {
			continue
		}
		if err := listen(to); err != nil {
			return nil, err
		}
	}
	absent := what.Absent
	if absent == 0 {
		absent = http.StatusNoContent
	}
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		return g.Do(ctx, c, func(ctx context.Context, to *call.Replica, c host.Trace, n int) call.Outcome {
			m, f := s.take(ctx, g, to, what.Wait, c, n)
			return call.Outcome{F: f, Settle: func(bool) { // nobody hedges it, and so its answer is the one that counts
				if f == nil {
					v.took(m, absent)
				}
			}}
		})
	}, nil
}

// took keeps the message for the steps after it; nil: there was none.
func (v *request) took(m *taken.Message, absent int) {
	metrics := v.service.i.Metrics
	v.found(m != nil, absent)
	if m == nil {
		popEmptyTotal.In(metrics).Add(1)
		return
	}
	poppedTotal.In(metrics).Add(1)
	if m.Again {
		poppedAgainTotal.In(metrics).Add(1)
	}
	v.popped.Store(m)
}

// value is a parameter's: the message's where one was taken, else that of the endpoint's path.
func (v *request) value(name string) string {
	if m := v.popped.Load(); m != nil {
		switch name {
		case scenarios.ParamKey:
			return m.Key
		case scenarios.ParamID:
			return m.ID
		}
	}
	return v.request.PathValue(name)
}

// settle says of the message that the request took, if it did, that its work is done or is not, before the answer says so: who
// crashes in between does it again.
func (v *request) settle(ctx context.Context, f *call.Failure) {
	m := v.popped.Load()
	if m == nil {
		return
	}
	v.mu.Lock()
	well := f == nil && v.status < http.StatusInternalServerError
	v.mu.Unlock()
	metrics := v.service.i.Metrics
	if m.Settle == nil {
		if !well {
			popGoneTotal.In(metrics).Add(1)
		}
		return
	}
	ctx, cancel := v.service.i.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	switch err := m.Settle(ctx, well); {
	case err != nil:
		popUnsettledTotal.In(metrics).Add(1)
	case well:
		popSettledTotal.In(metrics).Add(1)
	default:
		popReturnedTotal.In(metrics).Add(1)
	}
}

// take asks one broker for a message; nil: it has none.
func (s *service) take(ctx context.Context, g *call.Executor, to *call.Replica, wait time.Duration, c host.Trace, n int) (*taken.Message, *call.Failure) {
	var m *taken.Message
	var err error
	bounded, cancel := g.Bounded(ctx)
	defer cancel()
	switch to.Speaks {
	case parts.SpeaksNATS:
		s.i.Starts(c)
		m, err = s.nats.Pop(bounded, to, wait)
	case parts.SpeaksKafka:
		s.i.Starts(c)
		m, err = s.kafka.Pop(bounded, to, wait)
	case parts.SpeaksAMQP:
		s.i.Starts(c)
		m, err = s.amqp.Pop(bounded, to, wait)
	default:
		return s.takeBuiltIn(ctx, g, to, wait, c, n)
	}
	if err != nil {
		return nil, call.FailureOf(ctx, bounded, to.Instance, g.Timeout, err)
	}
	return m, nil
}

// takeBuiltIn takes one from a queue of ours, over HTTP.
func (s *service) takeBuiltIn(ctx context.Context, g *call.Executor, to *call.Replica, wait time.Duration, c host.Trace, n int) (*taken.Message, *call.Failure) {
	answer, f := g.SendOnce(ctx, to, c, n, call.Request{Method: http.MethodPost, Path: "/messages/next", Header: http.Header{wire.HeaderWait: {wait.String()}}})
	if f != nil || answer.Get(wire.HeaderWrite) == "" {
		return nil, f
	}
	key, err := url.PathUnescape(answer.Get(wire.HeaderMessageKey))
	if err != nil {
		return nil, call.FailureOf(ctx, ctx, to.Instance, g.Timeout, errors.New("the message's key can't be read"))
	}
	m := &taken.Message{ID: answer.Get(wire.HeaderWrite), Key: key, Again: answer.Get(wire.HeaderRetried) != ""}
	if receipt := answer.Get(wire.HeaderReceipt); receipt != "" {
		m.Settle = func(ctx context.Context, well bool) error {
			how := "/return"
			if well {
				how = "/acknowledge"
			}
			came := g.AttemptAt(ctx, to, c.Step("settle"), 1, func(ctx context.Context, to *call.Replica, c host.Trace, n int) call.Outcome {
				_, f := g.SendOnce(ctx, to, c, n, call.Request{Method: http.MethodPost, Path: "/messages/" + receipt + how})
				return call.Outcome{F: f}
			})
			if came.F != nil {
				return came.F
			}
			return nil
		}
	}
	return m, nil
}
