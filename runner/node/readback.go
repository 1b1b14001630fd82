package node

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/squallhq/squall/runner/node/internal/amqp"
	"github.com/squallhq/squall/runner/node/internal/broker"
	"github.com/squallhq/squall/runner/node/internal/mysql"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

// ReadBack says how often each write's id is in a store, over connections that dial makes: a database's
// rows, or every message that a queue or a stream has accepted, delivered or not.
func ReadBack(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node) (map[string]int, error) {
	if n.Speaks() == parts.SpeaksAMQP {
		return amqp.ReadWrites(ctx, dial, n.Login())
	}
	if n.Kind == scenarios.KindQueue || n.Kind == scenarios.KindStream {
		return readQueue(ctx, dial)
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

// ReadOutbox says how many events of each id are in a database's outbox.
func ReadOutbox(ctx context.Context, dial func(context.Context) (net.Conn, error), n *scenarios.Node) (map[string]int, error) {
	return store.ReadOutbox(ctx, dial, n)
}

// readBackLimit bounds a queue's answer: some ten million writes.
const readBackLimit = 1 << 30

func readQueue(ctx context.Context, dial func(context.Context) (net.Conn, error)) (map[string]int, error) {
	transport := &http.Transport{
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableKeepAlives: true,
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://queue/writes", nil)
	if err != nil {
		return nil, err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read writes: the queue answers %s", answer.Status)
	}
	var back broker.QueueWrites
	if err := json.NewDecoder(io.LimitReader(answer.Body, readBackLimit)).Decode(&back); err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	return back.Writes, nil
}
