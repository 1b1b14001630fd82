// Package nats is how services send messages to a real NATS in a queue node's place, and take them from it, through its usual
// client: over JetStream, which keeps messages and has each acknowledged (at least once), or over core NATS, which hands a
// message on to who is there and keeps none (at most once).
package nats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/pools"
	"github.com/squallhq/squall/runner/wire"
)

// What is made in the server: for each queue node a stream, whose messages stay when they were acknowledged, so that what was accepted
// is read back from it; and one consumer of it, or one group of subscribers, whose members share the messages as those of a queue do.
const (
	prefix = "squall."
	group  = "squall"
)

const (
	// handshake bounds making a connection, and flush what has no bound of its own.
	handshake = 2 * time.Second
	flush     = 30 * time.Second
	// again is the time between two tries to find back to a server.
	again = 100 * time.Millisecond
	// ping tells how soon a connection is given up on which nothing comes back: after two that were not answered.
	ping = time.Second
)

// Queues are a service's.
type Queues struct {
	i  *host.Instance
	to pools.Kept[*call.Replica, *broker]
	mu sync.Mutex // of each one's inbox and received
}

// QueuesOf are the instance's.
func QueuesOf(i *host.Instance) *Queues {
	return host.Retain(i, func() *Queues { return &Queues{i: i} })
}

// Close closes the connections.
func (q *Queues) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.to.Each((*broker).close)
}

// get is one server's connection, which is being made from here on and made anew whenever it breaks.
func (q *Queues) get(to *call.Replica) *broker {
	b, _ := q.to.Get(to, func() (*broker, error) { // what fails is told by ready
		made := &broker{to: to, subject: prefix + to.Node, opened: make(chan struct{}), preparing: make(chan struct{}, 1)}
		go made.open(q.i)
		pools.Of(q.i).Watch(func() pools.Use { return pools.Use{Connections: made.connected()} })
		return made, nil
	})
	return b
}

// open begins the connection; while it can't be made it is tried again.
func (b *broker) open(i *host.Instance) {
	defer close(b.opened)
	b.conn, b.failed = client.Connect("nats://"+b.to.Address, append(options(i.Network.DialContext),
		client.Name(i.Config.Instance), client.RetryOnFailedConnect(true), client.MaxReconnects(-1),
		client.ReconnectWait(again), client.ReconnectJitter(again/2, again/2),
		// What can't be sent fails at once: retries are the policy's to make.
		client.ReconnectBufSize(-1))...)
	if b.failed == nil {
		b.stream, b.failed = jetstream.New(b.conn)
	}
}

// options are those of every connection: it goes to no other address than it is told.
func options(dial func(ctx context.Context, network, address string) (net.Conn, error)) []client.Option {
	return []client.Option{
		client.SetCustomDialer(dialer(dial)), client.SkipHostLookup(), client.IgnoreDiscoveredServers(), client.Timeout(handshake),
		client.PingInterval(ping), client.MaxPingsOutstanding(2),
	}
}

// dialer is the instance's network as the client wants it.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Dial makes a connection within handshake.
func (d dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), handshake)
	defer cancel()
	return d(ctx, network, address)
}

// broker is one server as an instance speaks to it.
type broker struct {
	to      *call.Replica
	subject string
	opened  chan struct{} // closed when what follows is there
	conn    *client.Conn
	stream  jetstream.JetStream
	failed  error
	// preparing is held by who makes the stream and its consumer.
	preparing chan struct{}
	prepared  bool
	consumer  jetstream.Consumer
	// inbox is what core NATS hands to this instance, of which received is the account.
	inbox    *client.Subscription
	received *received
}

var errAway = errors.New("there is no connection to the server")

// ready waits until there is a connection, or it is known that there is none now.
func (b *broker) ready(ctx context.Context) error {
	select {
	case <-b.opened:
	case <-ctx.Done():
		return ctx.Err()
	}
	switch {
	case b.failed != nil:
		return fmt.Errorf("connect: %w", b.failed)
	case !b.conn.IsConnected():
		return errAway
	}
	return nil
}

func (b *broker) connected() int64 {
	select {
	case <-b.opened:
		if b.failed == nil && b.conn.IsConnected() {
			return 1
		}
	default:
	}
	return 0
}

func (b *broker) close() error {
	<-b.opened // within handshake
	if b.conn != nil {
		b.conn.Close()
	}
	return b.received.close()
}

// Publish sends one message: over JetStream until the server has it safe, else until the server has read it.
func (q *Queues) Publish(ctx context.Context, to *call.Replica, id, key string, idempotent bool) error {
	b := q.get(to)
	if err := b.ready(ctx); err != nil {
		return err
	}
	message := client.NewMsg(b.subject)
	message.Header.Set(wire.HeaderWrite, id)
	message.Header.Set(wire.HeaderMessageKey, key)
	if to.AtMostOnce {
		if err := b.conn.PublishMsg(message); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		return b.flush(ctx)
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	how := []jetstream.PublishOpt{jetstream.WithExpectStream(streamOf(to.Node)), jetstream.WithRetryAttempts(0)}
	if idempotent {
		how = append(how, jetstream.WithMsgID(id))
	}
	if _, err := b.stream.PublishMsg(ctx, message, how...); err != nil {
		if errors.Is(err, jetstream.ErrNoStreamResponse) { // a server that has come back without its data
			b.forget()
		}
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// flush waits until the server has read everything that was sent.
func (b *broker) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, flush) // the client wants an end
	defer cancel()
	if err := b.conn.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// streamOf is the stream of a node.
func streamOf(node string) string { return "squall-" + node }
