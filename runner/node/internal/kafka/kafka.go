// Package kafka is how services send messages to a real Kafka in a queue node's place, and take them from it, through franz-go: a
// topic that has the node's name, an idempotent producer that waits for all in-sync replicas, and one consumer group.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	client "github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/pools"
	"github.com/squallhq/squall/runner/wire"
)

// What is made in the broker where it is not there: a topic for each queue node, of so many partitions, which is how many members
// of the group get messages at once.
const (
	group      = "squall"
	partitions = 8
)

const (
	handshake = 2 * time.Second // for a connection
	preparing = 10 * time.Second
	// delivery bounds a message whose sender has no bound of its own.
	delivery = 30 * time.Second
	// again is the time between two tries to find back to a broker.
	again = 100 * time.Millisecond
	// leaving bounds telling the group that a member goes; a broker that is away finds it out by the session's end.
	leaving = time.Second
)

// Queues are a service's.
type Queues struct {
	i      *host.Instance
	to     pools.Kept[*call.Replica, *broker]
	ctx    context.Context
	cancel context.CancelFunc
	joins  sync.WaitGroup
}

// QueuesOf are the instance's.
func QueuesOf(i *host.Instance) *Queues {
	return host.Retain(i, func() *Queues {
		q := &Queues{i: i}
		q.ctx, q.cancel = context.WithCancel(context.Background())
		return q
	})
}

// Close leaves the groups and closes the connections.
func (q *Queues) Close() error {
	q.cancel()
	q.joins.Wait()
	var closing sync.WaitGroup
	defer closing.Wait()
	return q.to.Each(func(b *broker) error {
		closing.Go(b.close)
		return nil
	})
}

// broker is one as an instance speaks to it.
type broker struct {
	to          *call.Replica
	options     []client.Opt
	sender      *client.Client
	connections atomic.Int64

	preparing chan struct{} // held by who looks for the topic
	prepared  bool

	mu    sync.Mutex
	taker *taker
}

func (q *Queues) get(to *call.Replica) (*broker, error) {
	return q.to.Get(to, func() (*broker, error) { return open(q.i, to) })
}

// open is a broker of an instance's; connections to it are made when there is something to say.
func open(i *host.Instance, to *call.Replica) (*broker, error) {
	b := &broker{to: to, preparing: make(chan struct{}, 1)}
	b.options = append(options(func(ctx context.Context) (net.Conn, error) { return i.Network.DialContext(ctx, "tcp", to.Address) }),
		client.ClientID(i.Config.Instance))
	var err error
	b.sender, err = client.NewClient(slices.Concat(b.options, []client.Opt{client.WithHooks(&hooks{b: b}),
		client.RequiredAcks(client.AllISRAcks()), client.ProducerBatchCompression(client.NoCompression()), client.ProducerLinger(0),
		// Who gave up has nothing sent for it later: its retries are messages of their own.
		client.AllowIdempotentProduceCancellation(), client.RecordDeliveryTimeout(delivery), client.ProduceRequestTimeout(delivery / 6),
	})...)
	if err != nil {
		return nil, fmt.Errorf("set up a producer: %w", err)
	}
	pools.Of(i).Watch(func() pools.Use { return pools.Use{Connections: b.connections.Load()} })
	return b, nil
}

// options are those of every client: whatever the broker advertises as its address, connections go where they are told, which
// is the edge.
func options(dial func(context.Context) (net.Conn, error)) []client.Opt {
	return []client.Opt{
		client.SeedBrokers("broker:9092"), // which nobody looks up
		client.Dialer(func(ctx context.Context, _, _ string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, handshake)
			defer cancel()
			return dial(ctx)
		}),
		client.RetryBackoffFn(func(int) time.Duration { return again }), client.MetadataMinAge(again), client.MetadataMaxAge(time.Minute),
		client.RequestTimeoutOverhead(handshake), client.DisableClientMetrics(),
	}
}

// hooks tell of a client's connections, and of when it was last answered.
type hooks struct {
	b     *broker
	heard atomic.Int64 // nanoseconds of Unix time; 0: not since a connection ended
}

func (h *hooks) OnBrokerConnect(_ client.BrokerMetadata, _ time.Duration, _ net.Conn, err error) {
	if err == nil {
		h.b.connections.Add(1)
	}
}

func (h *hooks) OnBrokerDisconnect(client.BrokerMetadata, net.Conn) {
	h.b.connections.Add(-1)
	h.heard.Store(0)
}

func (h *hooks) OnBrokerE2E(_ client.BrokerMetadata, _ int16, e client.BrokerE2E) {
	if e.Err() == nil {
		h.heard.Store(time.Now().UnixNano())
	}
}

func (b *broker) close() {
	b.sender.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taker != nil {
		b.taker.close()
	}
}

// prepare makes the topic where it is not there.
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
	ctx, cancel := context.WithTimeout(ctx, preparing)
	defer cancel()
	if err := alone(ctx, b.sender); err != nil {
		return err
	}
	topic := kmsg.NewCreateTopicsRequestTopic()
	topic.Topic, topic.NumPartitions, topic.ReplicationFactor = b.to.Node, partitions, -1
	request := kmsg.NewPtrCreateTopicsRequest()
	request.Topics, request.TimeoutMillis = append(request.Topics, topic), int32(preparing.Milliseconds())
	answer, err := request.RequestWith(ctx, b.sender)
	if err != nil {
		return fmt.Errorf("make the topic: %w", err)
	}
	for _, t := range answer.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return fmt.Errorf("make the topic: %w", err)
		}
	}
	b.prepared = true
	return nil
}

// alone tells a cluster of several, of which an edge leads to one alone.
func alone(ctx context.Context, c *client.Client) error {
	request := kmsg.NewPtrMetadataRequest()
	request.Topics = []kmsg.MetadataRequestTopic{}
	answer, err := request.RequestWith(ctx, c)
	if err != nil {
		return fmt.Errorf("ask the broker what it is: %w", err)
	}
	if n := len(answer.Brokers); n > 1 {
		return fmt.Errorf("it is one of a cluster of %d brokers, and the edge leads to this one alone", n)
	}
	return nil
}

// forget has the topic looked for again.
func (b *broker) forget() {
	b.preparing <- struct{}{}
	b.prepared = false
	<-b.preparing
}

// missing tells that a broker has not the topic that it had: it has come back without its data.
func missing(err error) bool {
	return errors.Is(err, kerr.UnknownTopicOrPartition) || errors.Is(err, kerr.UnknownTopicID) || errors.Is(err, kerr.InconsistentTopicID)
}

// Publish sends one message and waits until the broker has it on all replicas that are in sync. What it did not confirm in time may be
// there: the producer's own retries are told from one another, those of its caller are not.
func (q *Queues) Publish(ctx context.Context, to *call.Replica, id, key string) error {
	b, err := q.get(to)
	if err != nil {
		return err
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	message := &client.Record{Topic: to.Node, Value: []byte(id), Headers: []client.RecordHeader{{Key: wire.HeaderWrite, Value: []byte(id)}, {Key: wire.HeaderMessageKey, Value: []byte(key)}}}
	if key != "" {
		message.Key = []byte(key) // those of a key stay in their order
	}
	done := make(chan error, 1)
	b.sender.Produce(ctx, message, func(_ *client.Record, err error) { done <- err })
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	if missing(err) {
		b.sender.PurgeTopicsFromProducing(to.Node)
		b.forget()
	}
	return fmt.Errorf("publish: %w", err)
}
