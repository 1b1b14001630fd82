package amqp

import (
	"context"
	"errors"
	"fmt"
	"time"

	client "github.com/rabbitmq/amqp091-go"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/taken"
)

// How long who waits for a message does so before the next look: the broker's own way to wait is a consumer, which is given more
// than one message was asked for.
const (
	firstLook  = 5 * time.Millisecond
	latestLook = 100 * time.Millisecond
)

// Pop takes one message; nil: none came in time. Its channel is its own until it is settled: a channel that ends, as with its
// connection, gives the broker back what was not acknowledged on it. Channels for that are as many as there are requests that pop at once.
func (q *Queues) Pop(ctx context.Context, from *call.Replica, wait time.Duration) (*taken.Message, error) {
	b := q.get(from)
	channel, _, err := b.open(ctx, &b.taking)
	if err != nil {
		return nil, err
	}
	for until, look := time.Now().Add(wait), firstLook; ; look = min(2*look, latestLook) {
		message, there, err := get(ctx, channel, b.queue, from.AtMostOnce)
		if err != nil {
			return nil, fmt.Errorf("pop: %w", err)
		}
		left := time.Until(until)
		switch {
		case there && from.AtMostOnce:
			b.keep(channel)
			return &taken.Message{ID: message.MessageId, Key: keyOf(message), Again: message.Redelivered}, nil
		case there:
			return &taken.Message{ID: message.MessageId, Key: keyOf(message), Again: message.Redelivered,
				Settle: func(_ context.Context, well bool) error { return b.settle(channel, message, well) }}, nil
		case left <= 0:
			b.keep(channel)
			return nil, nil
		}
		if q.i.Sleep(ctx, min(look, left)) != nil {
			b.keep(channel)
			return nil, ctx.Err()
		}
	}
}

// get asks for one message. An answer that does not come in time is nobody's any more, and neither is its channel.
func get(ctx context.Context, channel *client.Channel, queue string, atMostOnce bool) (client.Delivery, bool, error) {
	type answer struct {
		message client.Delivery
		there   bool
		err     error
	}
	came := make(chan answer, 1)
	go func() {
		var a answer
		a.message, a.there, a.err = channel.Get(queue, atMostOnce)
		came <- a
	}()
	select {
	case a := <-came:
		if a.err != nil {
			go channel.Close() //nolint:errcheck // it ends one way or the other
		}
		return a.message, a.there, a.err
	case <-ctx.Done():
		go channel.Close() //nolint:errcheck // a broker that is gone does not answer
		return client.Delivery{}, false, ctx.Err()
	}
}

var errEnded = errors.New("the channel ended before the message was acknowledged")

// settle tells the broker what became of a message. It confirms nothing: what was sent on a channel that is still there counts as told.
func (b *broker) settle(channel *client.Channel, message client.Delivery, well bool) error {
	err := error(nil)
	if well {
		err = message.Ack(false)
	} else {
		err = message.Nack(false, true)
	}
	if err == nil && channel.IsClosed() {
		err = errEnded
	}
	if err != nil {
		return fmt.Errorf("settle a message: %w", err)
	}
	b.keep(channel)
	return nil
}

// keep has a channel used for the next pop.
func (b *broker) keep(channel *client.Channel) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.taking = append(b.taking, channel)
}

// keyOf is what a message is about, as its sender said.
func keyOf(m client.Delivery) string {
	if key, is := m.Headers["key"].(string); is {
		return key
	}
	return m.RoutingKey
}
