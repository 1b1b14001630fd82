package service

import (
	"context"
	"net/http"
	"net/url"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/parts"
)

// enqueue sends a message to a queue or a stream.
func (s *service) enqueue(name string, w written, g *call.Executor) stepFunc {
	return func(ctx context.Context, v *request, c host.Trace) *call.Failure {
		id, key := v.messageID(name, w.EventOf), v.about(w.about)
		if realBroker(g.To.Replicas[0]) {
			return s.publishes(ctx, v, c, g, id, key, w.idempotent)
		}
		h := http.Header{wire.HeaderWrite: {id}, wire.HeaderMessageKey: {url.PathEscape(key)}}
		if w.idempotent {
			h.Set(wire.HeaderIdempotency, id)
		}
		answers, f := g.Send(ctx, c, call.Request{Method: http.MethodPost, Path: "/messages", Header: h})
		v.merge(answers, f == nil)
		return f
	}
}

// publishes sends a message to a real broker. It is acknowledged when RabbitMQ, JetStream or Kafka has confirmed it: a retry of what was confirmed
// too late is there twice, but for JetStream where the message carries a key. Core NATS confirms nothing: it is acknowledged when the
// server has read it, which is all that its senders ever know.
func (s *service) publishes(ctx context.Context, v *request, c host.Trace, g *call.Executor, id, key string, idempotent bool) *call.Failure {
	f := g.Do(ctx, c, func(ctx context.Context, to *call.Replica, c host.Trace, _ int) call.Outcome {
		bounded, cancel := g.Bounded(ctx)
		defer cancel()
		var err error
		switch to.Speaks {
		case parts.SpeaksNATS:
			s.i.Starts(c)
			err = s.nats.Publish(bounded, to, id, key, idempotent)
		case parts.SpeaksKafka:
			s.i.Starts(c)
			err = s.kafka.Publish(bounded, to, id, key)
		default:
			err = s.amqp.Publish(bounded, to, id, key, c)
		}
		if err != nil {
			return call.Outcome{F: call.FailureOf(ctx, bounded, to.Instance, g.Timeout, err)}
		}
		return call.Outcome{}
	})
	if f == nil {
		v.note(g.To.Node + "/" + id)
	}
	return f
}

// realBroker tells what a message is published to in its own protocol.
func realBroker(to *call.Replica) bool {
	return to.Speaks == parts.SpeaksAMQP || to.Speaks == parts.SpeaksNATS || to.Speaks == parts.SpeaksKafka
}
