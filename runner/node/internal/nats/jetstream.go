package nats

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/taken"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// prepare makes the stream and its consumer where they are not there, once for each connection that lost them.
func (b *broker) prepare(ctx context.Context) error {
	select {
	case b.preparing <- struct{}{}:
		defer func() { <-b.preparing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if b.prepared {
		return nil
	}
	stream, err := b.stream.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: streamOf(b.to.Node), Subjects: []string{b.subject}, Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy,
	})
	if err != nil {
		return fmt.Errorf("make the stream: %w", err)
	}
	b.consumer, err = stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: group, AckPolicy: jetstream.AckExplicitPolicy, AckWait: cmp.Or(b.to.AckWithin, scenarios.DefaultAckWithin),
		DeliverPolicy: jetstream.DeliverAllPolicy, MaxAckPending: -1,
	})
	if err != nil {
		return fmt.Errorf("make the consumer: %w", err)
	}
	b.prepared = true
	return nil
}

// forget has the stream and its consumer looked for again.
func (b *broker) forget() {
	b.preparing <- struct{}{}
	b.prepared = false
	<-b.preparing
}

// Pop takes one message; nil: none came in time.
func (q *Queues) Pop(ctx context.Context, from *call.Replica, wait time.Duration) (*taken.Message, error) {
	b := q.get(from)
	if err := b.ready(ctx); err != nil {
		return nil, err
	}
	if from.AtMostOnce {
		return b.receive(ctx, wait)
	}
	if err := b.prepare(ctx); err != nil {
		return nil, err
	}
	var batch jetstream.MessageBatch
	var err error
	if wait > 0 {
		batch, err = b.consumer.Fetch(1, jetstream.FetchMaxWait(wait))
	} else {
		batch, err = b.consumer.FetchNoWait(1)
	}
	if err != nil {
		return nil, fmt.Errorf("pop: %w", err)
	}
	select {
	case message, came := <-batch.Messages():
		if !came {
			return nil, b.none(batch.Error())
		}
		return messageOf(message), nil
	case <-ctx.Done(): // one that comes now is not acknowledged, and comes again
		return nil, ctx.Err()
	}
}

// none is what it means that no message came.
func (b *broker) none(err error) error {
	switch {
	case err == nil, errors.Is(err, client.ErrTimeout), errors.Is(err, jetstream.ErrNoMessages):
		return nil
	case errors.Is(err, jetstream.ErrConsumerDeleted), errors.Is(err, client.ErrNoResponders):
		b.forget()
	}
	return fmt.Errorf("pop: %w", err)
}

func messageOf(m jetstream.Msg) *taken.Message {
	out := &taken.Message{ID: m.Headers().Get(wire.HeaderWrite), Key: m.Headers().Get(wire.HeaderMessageKey)}
	if about, err := m.Metadata(); err == nil {
		out.Again = about.NumDelivered > 1
	}
	out.Settle = func(ctx context.Context, well bool) error {
		if well {
			return m.DoubleAck(ctx)
		}
		return m.Nak()
	}
	return out
}

// readWait bounds the wait for a message that is known to be there.
const readWait = 5 * time.Second

// ReadWrites says how often each message's id is in a node's stream, whether somebody has had it or not. A server that nothing was
// sent to has none.
func ReadWrites(ctx context.Context, dial func(context.Context) (net.Conn, error), node string) (map[string]int, error) {
	conn, err := client.Connect("nats://broker:4222", append(options(func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }), client.NoReconnect())...)
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	defer conn.Close()
	found := map[string]int{}
	stream, err := jetstream.New(conn)
	if err == nil {
		err = readStream(ctx, stream, node, found)
	}
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	return found, nil
}

func readStream(ctx context.Context, js jetstream.JetStream, node string, found map[string]int) error {
	stream, err := js.Stream(ctx, streamOf(node))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	all, err := stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverAllPolicy, HeadersOnly: true, InactiveThreshold: time.Minute,
	})
	if err != nil {
		return err
	}
	const most = 500
	for left := stream.CachedInfo().State.Msgs; left > 0; {
		batch, err := all.Fetch(int(min(left, most)), jetstream.FetchMaxWait(readWait))
		if err != nil {
			return err
		}
		came := uint64(0)
		for message := range batch.Messages() {
			found[message.Headers().Get(wire.HeaderWrite)]++
			came++
		}
		if came == 0 {
			return errors.Join(fmt.Errorf("%d messages did not come", left), batch.Error(), ctx.Err())
		}
		left -= came
	}
	return nil
}
