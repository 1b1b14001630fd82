// Package amqp is how services send messages to a real RabbitMQ in a queue node's place, through its usual client: durable
// queues, persistent messages, acknowledged when the broker has confirmed them.
package amqp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	client "github.com/rabbitmq/amqp091-go"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/pools"
	"github.com/squallhq/squall/runner/wire"
)

// What is made in the broker. Messages go to an exchange, from there to the queue that has its node's name, for whoever
// receives them, and to one that nobody receives from: what was accepted is read back from there at the end.
const (
	exchange = "squall"
	written  = "squall.written"
)

const (
	handshake = 30 * time.Second // for a connection, where its caller has no bound of its own
	heartbeat = 10 * time.Second
)

// errUnconfirmed: the broker may have the message, or not.
var errUnconfirmed = errors.New("the broker did not confirm the message")

// Queues are a service's.
type Queues struct {
	i  *host.Instance
	to pools.Kept[*call.Replica, *broker]
}

// QueuesOf are the instance's.
func QueuesOf(i *host.Instance) *Queues {
	return host.Retain(i, func() *Queues { return &Queues{i: i} })
}

// Close closes the connections.
func (q *Queues) Close() error {
	return q.to.Each(func(b *broker) error {
		b.close()
		return nil
	})
}

func (q *Queues) get(to *call.Replica) *broker {
	b, _ := q.to.Get(to, func() (*broker, error) { // nothing is opened yet
		made := &broker{queue: to.Node, address: to.Address, who: wire.ParseLogin(to.DSN), dial: q.i.Network.DialContext,
			slots: make(chan struct{}, pools.Size(q.i)), connecting: make(chan struct{}, 1)}
		pools.Of(q.i).Watch(func() pools.Use {
			return pools.Use{Waits: made.waits.Load(), Waited: time.Duration(made.waited.Load()), Connections: made.connected()}
		})
		return made, nil
	})
	return b
}

// Publish sends one message and waits until the broker has it safe.
func (q *Queues) Publish(ctx context.Context, to *call.Replica, id, key string, c host.Trace) error {
	b := q.get(to)
	if err := b.acquire(ctx); err != nil {
		return err
	}
	defer func() { <-b.slots }()
	channel, err := b.channel(ctx)
	if err != nil {
		return err
	}
	q.i.Starts(c)
	confirmation, err := channel.PublishWithDeferredConfirmWithContext(ctx, exchange, key, false, false,
		client.Publishing{DeliveryMode: client.Persistent, MessageId: id, Timestamp: time.Now(), Headers: client.Table{"key": key}})
	confirmed := false
	if err == nil {
		confirmed, err = confirmation.WaitContext(ctx)
	}
	if err == nil && !confirmed {
		err = errUnconfirmed
	}
	if err != nil {
		go channel.Close() //nolint:errcheck // its confirmations are nobody's any more, and a broker that is gone does not answer
		return fmt.Errorf("publish: %w", err)
	}
	b.mu.Lock()
	b.idle = append(b.idle, channel)
	b.mu.Unlock()
	return nil
}

// broker is one connection and its channels.
type broker struct {
	queue, address string
	who            wire.Login
	dial           func(ctx context.Context, network, address string) (net.Conn, error)
	slots          chan struct{} // as many as there may be channels
	waits, waited  atomic.Int64
	connecting     chan struct{} // held by who connects

	mu     sync.Mutex
	conn   *client.Connection
	idle   []*client.Channel
	taking []*client.Channel // idle ones of those that messages are taken over
}

// acquire waits for a channel to be free.
func (b *broker) acquire(ctx context.Context) error {
	select {
	case b.slots <- struct{}{}:
		return nil
	default:
	}
	began := time.Now()
	defer func() { b.waited.Add(int64(time.Since(began))) }()
	b.waits.Add(1)
	select {
	case b.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// channel is an idle one, or a new one, on a connection that is made if need be.
func (b *broker) channel(ctx context.Context) (*client.Channel, error) {
	channel, fresh, err := b.open(ctx, &b.idle)
	if err != nil || !fresh {
		return channel, err
	}
	if err := channel.Confirm(false); err != nil {
		return nil, fmt.Errorf("ask for confirmations: %w", err)
	}
	return channel, nil
}

// open is an idle channel of some, or a fresh one.
func (b *broker) open(ctx context.Context, some *[]*client.Channel) (channel *client.Channel, fresh bool, err error) {
	select {
	case b.connecting <- struct{}{}:
		defer func() { <-b.connecting }()
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	b.mu.Lock()
	conn := b.conn
	if conn != nil && conn.IsClosed() {
		conn, b.conn, b.idle, b.taking = nil, nil, nil, nil
	}
	for len(*some) > 0 {
		last := (*some)[len(*some)-1]
		*some = (*some)[:len(*some)-1]
		if !last.IsClosed() {
			b.mu.Unlock()
			return last, false, nil
		}
	}
	b.mu.Unlock()
	if conn == nil {
		if conn, err = connect(ctx, b.who, b.address, b.dial); err != nil {
			return nil, false, err
		}
		if err := declare(conn, b.queue); err != nil {
			_ = conn.Close() // the error is told already
			return nil, false, err
		}
		b.mu.Lock()
		b.conn = conn
		b.mu.Unlock()
	}
	if channel, err = conn.Channel(); err != nil {
		return nil, false, fmt.Errorf("open a channel: %w", err)
	}
	return channel, true, nil
}

func (b *broker) connected() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn == nil || b.conn.IsClosed() {
		return 0
	}
	return 1
}

func (b *broker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil {
		_ = b.conn.CloseDeadline(time.Now().Add(time.Second)) // one that is gone already does not answer
	}
}

// connect makes a connection within ctx.
func connect(ctx context.Context, who wire.Login, address string, dial func(ctx context.Context, network, address string) (net.Conn, error)) (*client.Connection, error) {
	var raw net.Conn
	conn, err := client.DialConfig("amqp://"+address, client.Config{
		SASL: []client.Authentication{&client.PlainAuth{Username: who.User, Password: who.Password}}, Vhost: who.Database, Heartbeat: heartbeat,
		Dial: func(network, _ string) (net.Conn, error) {
			made, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			by, bounded := ctx.Deadline()
			if !bounded {
				by = time.Now().Add(handshake)
			}
			raw = made
			return made, made.SetDeadline(by) // the client takes it away once the connection is open
		},
	})
	if err != nil {
		if raw != nil {
			_ = raw.Close() // the error is told already
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}

// declare makes the exchange and its queues where they are not there.
func declare(conn *client.Connection, queue string) error {
	channel, err := conn.Channel()
	if err != nil {
		return fmt.Errorf("open a channel: %w", err)
	}
	defer channel.Close() //nolint:errcheck // nothing is sent on it any more
	if err := channel.ExchangeDeclare(exchange, "fanout", true, false, false, false, nil); err != nil {
		return fmt.Errorf("declare the exchange: %w", err)
	}
	for _, name := range []string{queue, written} {
		if _, err := channel.QueueDeclare(name, true, false, false, false, nil); err != nil {
			return fmt.Errorf("declare the queue %q: %w", name, err)
		}
		if err := channel.QueueBind(name, "", exchange, false, nil); err != nil {
			return fmt.Errorf("bind the queue %q: %w", name, err)
		}
	}
	return nil
}

// ReadWrites says how often each message's id is in the broker, whether somebody has received it or not. All are there as
// before afterwards. A broker that nothing was sent to has none.
func ReadWrites(ctx context.Context, dial func(context.Context) (net.Conn, error), dsn string) (map[string]int, error) {
	conn, err := connect(ctx, wire.ParseLogin(dsn), "broker:5672", func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) })
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	defer func() { _ = conn.CloseDeadline(time.Now().Add(time.Second)) }() // everything is read
	channel, err := conn.Channel()
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	found := map[string]int{}
	queue, err := channel.QueueDeclarePassive(written, true, false, false, false, nil)
	var said *client.Error
	if errors.As(err, &said) && said.Code == client.NotFound {
		return found, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	// None is acknowledged: the broker takes all back when the channel closes.
	messages, err := channel.ConsumeWithContext(ctx, written, "", false, true, false, false, nil)
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	for n := range queue.Messages {
		select {
		case message, open := <-messages:
			if !open {
				return nil, fmt.Errorf("read writes: the broker ended after %d of %d messages", n, queue.Messages)
			}
			found[message.MessageId]++
		case <-ctx.Done():
			return nil, fmt.Errorf("read writes: %d of %d messages came: %w", n, queue.Messages, ctx.Err())
		}
	}
	return found, nil
}
