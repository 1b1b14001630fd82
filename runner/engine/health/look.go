// Package health looks whether an instance is healthy, as its node says, over connections that are handed in: whoever runs it asks, be it
// an engine from afar or who stands beside it.
package health

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/squallhq/squall/internal/ask"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

// lookTimeout bounds one look.
const lookTimeout = 2 * time.Second

// NeverReady is an engine's word that an instance is not going to be ready.
type NeverReady struct{ Why string }

func (n *NeverReady) Error() string { return "it never got healthy: " + n.Why }

// Target is an instance that is looked at.
type Target struct {
	Node *scenarios.Node
	// Address is where it serves, Admin a built-in node's second one.
	Address, Admin string
	// Site is what a path on a port of it begins with ("": the one that it serves on); nil: http and its address.
	Site func(port string) string
	// Client asks over HTTP, Dial makes all other connections.
	Client *http.Client
	Dial   func(ctx context.Context, address string) (net.Conn, error)
	// Test runs the command of its healthcheck where it is time to; nil: nobody here can.
	Test func(context.Context) error
}

// image tells that somebody else's program runs, which has no admin address.
func (t Target) image() bool { return !t.Node.BuiltIn() }

// Look tells whether it is healthy now, as its healthcheck says where it has one: nil if it is, a *NeverReady if it is not going to be.
func (t Target) Look(ctx context.Context) error {
	r := t.Node.Readiness
	if r == nil || !t.image() {
		return t.probe(ctx)
	}
	if len(r.Test) > 0 {
		if t.Test == nil {
			return &NeverReady{"this engine can't run the test of its healthcheck; write http or tcp"}
		}
		return t.Test(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, r.WithDefaults().Timeout)
	defer cancel()
	host, port, err := net.SplitHostPort(t.Address)
	if err != nil {
		return err
	}
	if asked := cmp.Or(r.Port, r.TCP, r.GRPC); asked != 0 {
		port = strconv.Itoa(asked)
	}
	at := net.JoinHostPort(host, port)
	switch {
	case r.GRPC != 0:
		return serves(ctx, at, r.Service, t.Dial)
	case r.HTTP != "":
		return t.answers(ctx, t.site(port)+r.HTTP)
	}
	conn, err := t.Dial(ctx, at)
	if err == nil {
		_ = conn.Close() // it was taken, which is all that was asked
	}
	return err
}

// probe tells whether it is healthy now: a built-in node says so itself; an image by the path that the
// scenario names, or the part that it is, or by taking connections; a database by letting clients in; one that serves nowhere by nothing.
func (t Target) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	n := t.Node
	part, _ := n.Real()
	switch health := cmp.Or(n.Health, part.Health); {
	case !t.image():
		return t.answers(ctx, "http://"+t.Admin+wire.AdminHealth)
	case health == scenarios.HealthNone:
		return nil
	case health != "" && health != "tcp":
		return t.answers(ctx, t.site("")+health)
	}
	conn, err := t.Dial(ctx, t.Address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if n.Health == "tcp" || n.Kind != scenarios.KindDatabase && !greeted(n.Speaks()) {
		return nil
	}
	if err := conn.SetDeadline(time.Now().Add(lookTimeout)); err != nil {
		return err
	}
	switch n.Speaks() {
	case parts.SpeaksMySQL:
		return greets(conn)
	case parts.SpeaksRedis:
		return pongs(conn)
	case parts.SpeaksNATS:
		return informs(conn, n.KeepsStreams())
	case parts.SpeaksKafka:
		return tellsVersions(conn)
	}
	return letsIn(conn, n.Credentials())
}

func (t Target) site(port string) string {
	if t.Site != nil {
		return t.Site(port)
	}
	host, own, _ := net.SplitHostPort(t.Address)
	return "http://" + net.JoinHostPort(host, cmp.Or(port, own))
}

// mostAnswer bounds what is read of an answer.
const mostAnswer = 1 << 20

// answers asks for a path, which is to be answered with 200 to 299.
func (t Target) answers(ctx context.Context, url string) error {
	answer, err := ask.JSON(ctx, t.Client, http.MethodGet, url, nil, nil, mostAnswer)
	if err != nil {
		return err
	}
	if answer.Code/100 != 2 {
		words := bytes.TrimSpace(answer.Body[:min(len(answer.Body), 1<<10)])
		return fmt.Errorf("GET %s: %s: %s", url, answer.Status, words)
	}
	return nil
}
