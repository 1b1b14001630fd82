package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/squallhq/squall/runner/node/internal/amqp"
	"github.com/squallhq/squall/runner/node/internal/broker"
	"github.com/squallhq/squall/runner/node/internal/kafka"
	"github.com/squallhq/squall/runner/node/internal/mysql"
	"github.com/squallhq/squall/runner/node/internal/nats"
	"github.com/squallhq/squall/runner/node/internal/redis"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
	"github.com/squallhq/squall/scenarios/sqltext"
)

// ReadBack says how often each write's id is in a store, over connections that dial makes: a database's
// rows, or every message that a queue or a stream has accepted, delivered or not. A service tells what it got from brokers that keep
// nothing, as NODE/ID.
func ReadBack(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node) (map[string]int, error) {
	if n.Speaks() == parts.SpeaksAMQP {
		return amqp.ReadWrites(ctx, dial, n.Login())
	}
	if n.Speaks() == parts.SpeaksKafka {
		return kafka.ReadWrites(ctx, dial, n.Name)
	}
	if n.KeepsStreams() {
		return nats.ReadWrites(ctx, dial, n.Name)
	}
	if n.KeepsNothing() {
		return nil, errors.New("core NATS keeps no message: who takes them has the account")
	}
	if n.Kind == scenarios.KindService {
		return readQueue(ctx, dial, http.Header{wire.HeaderReceived: {"all"}})
	}
	if n.Kind == scenarios.KindQueue || n.Kind == scenarios.KindStream {
		return readQueue(ctx, dial, nil)
	}
	if n.Speaks() == parts.SpeaksMySQL {
		return mysql.ReadWrites(ctx, dial, n.Login())
	}
	return ReadWrites(ctx, dial, n.Login())
}

// ReadWrites says how often each write's id is in a database, built in or a real one.
func ReadWrites(ctx context.Context, dial func(context.Context) (net.Conn, error), dsn string) (map[string]int, error) {
	return store.ReadWrites(ctx, dial, dsn)
}

// ReadColumn reads the first column of a query to a database as text, in the order of its rows.
func ReadColumn(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node, query string) ([]string, error) {
	if n.Speaks() == parts.SpeaksMySQL {
		return mysql.ReadColumn(ctx, dial, n.Login(), query)
	}
	return store.ReadColumn(ctx, dial, n.Login(), query)
}

// ReadCommand reads the texts that a command of Redis answers, in their order.
func ReadCommand(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node, command []string) ([]string, error) {
	return redis.ReadCommand(ctx, dial, n.Login(), command)
}

// Setup runs a database's setup, statement by statement, over a connection that dial makes. An error says which line of it.
func Setup(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node) error {
	statements, err := sqltext.Split(n.Setup, n.Dialect())
	if err != nil {
		return err
	}
	if n.Speaks() == parts.SpeaksMySQL {
		return mysql.Setup(ctx, dial, n.Login(), statements)
	}
	return store.Setup(ctx, dial, n.Login(), statements)
}

// Promote makes a standby of PostgreSQL a primary, over a connection that dial makes; false: it was one already. It returns once it
// takes writes.
func Promote(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node) (bool, error) {
	return store.Promote(ctx, dial, n.Login())
}

// ReadOutbox says how many events of each id are in a database's outbox.
func ReadOutbox(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node) (map[string]int, error) {
	return store.ReadOutbox(ctx, dial, n)
}

// readBackLimit bounds a queue's answer: some ten million writes.
const readBackLimit = 1 << 30

func readQueue(ctx context.Context, dial func(context.Context) (net.Conn, error), h http.Header) (map[string]int, error) {
	transport := &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://queue/writes", nil)
	if err != nil {
		return nil, err
	}
	for name, values := range h {
		request.Header[name] = values
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read writes: it answers %s", answer.Status)
	}
	var back broker.QueueWrites
	if err := json.NewDecoder(io.LimitReader(answer.Body, readBackLimit)).Decode(&back); err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	return back.Writes, nil
}
