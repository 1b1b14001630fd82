package engine

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

// The waits between two looks at an instance's health: they double from the first to the most.
const (
	healthPause = 10 * time.Millisecond
	healthMost  = 100 * time.Millisecond
	// probeTimeout bounds one look.
	probeTimeout = 2 * time.Second
)

// awaitHealth waits until an instance is healthy, and gives up when it ends.
func (i *instance) awaitHealth(ctx context.Context, p Process) error {
	wait := healthPause
	for {
		last := i.look(ctx, p)
		if last == nil {
			return nil
		}
		if never := (*NeverReady)(nil); errors.As(last, &never) {
			return last
		}
		select {
		case <-time.After(wait):
		case <-p.Done():
			if how := p.Err(); how != nil {
				return fmt.Errorf("it ended before it was healthy: %w", how)
			}
			return errors.New("it ended before it was healthy")
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), last)
		}
		wait = min(2*wait, healthMost)
	}
}

// NeverReady is an engine's word that an instance is not going to be ready.
type NeverReady struct{ Why string }

func (n *NeverReady) Error() string { return "it never got healthy: " + n.Why }

// patience bounds how long a start may take until an instance is healthy.
func (i *instance) patience() time.Duration {
	if r := i.plan.Node.Readiness; r != nil && i.image() {
		return max(i.layout.Health, r.Patience())
	}
	return i.layout.Health
}

// look tells whether an instance is healthy now, as its healthcheck says where it has one.
func (i *instance) look(ctx context.Context, p Process) error {
	r := i.plan.Node.Readiness
	if r == nil || !i.image() {
		return i.probe(ctx)
	}
	if len(r.Test) > 0 {
		tested, can := p.(Tested)
		if !can {
			return &NeverReady{"this engine can't run the test of its healthcheck; write http or tcp"}
		}
		return tested.Ready(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, r.WithDefaults().Timeout)
	defer cancel()
	host, port, err := net.SplitHostPort(i.address())
	if err != nil {
		return err
	}
	if asked := cmp.Or(r.Port, r.TCP); asked != 0 {
		port = strconv.Itoa(asked)
	}
	at := net.JoinHostPort(host, port)
	if r.HTTP != "" {
		return i.ask(ctx, http.MethodGet, "http://"+at+r.HTTP, nil, nil)
	}
	conn, err := i.testbed.Dial(ctx, at)
	if err == nil {
		_ = conn.Close() // it was taken, which is all that was asked
	}
	return err
}

// probe tells whether an instance is healthy now: a built-in node says so itself; an image by the path that the
// scenario names, or by taking connections; a database by letting clients in; one that serves nowhere by nothing.
func (i *instance) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	n := i.plan.Node
	switch {
	case !i.image():
		return i.ask(ctx, http.MethodGet, i.adminURL(wire.AdminHealth), nil, nil)
	case n.Health == scenarios.HealthNone:
		return nil
	case n.Health != "" && n.Health != "tcp":
		return i.ask(ctx, http.MethodGet, "http://"+i.address()+n.Health, nil, nil)
	}
	conn, err := i.testbed.Dial(ctx, i.address())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if n.Health == "tcp" || n.Kind != scenarios.KindDatabase && n.Speaks() != parts.SpeaksRedis {
		return nil
	}
	if err := conn.SetDeadline(time.Now().Add(probeTimeout)); err != nil {
		return err
	}
	switch n.Speaks() {
	case parts.SpeaksMySQL:
		return greets(conn)
	case parts.SpeaksRedis:
		return pongs(conn)
	}
	return letsIn(conn, n.Credentials())
}

// letsIn begins to log in to a PostgreSQL server. One that is still starting or recovering listens
// already and turns everybody away (SQLSTATE 57P03); one that asks for a password is ready.
func letsIn(conn net.Conn, c wire.Login) error {
	const protocol = 3 << 16
	message := binary.BigEndian.AppendUint32(make([]byte, 4), protocol)
	for _, word := range []string{"user", c.User, "database", c.Database, ""} {
		message = append(append(message, word...), 0)
	}
	binary.BigEndian.PutUint32(message, uint32(len(message)))
	if _, err := conn.Write(message); err != nil {
		return err
	}
	var answer [512]byte
	n, err := io.ReadAtLeast(conn, answer[:], 1)
	if err != nil {
		return fmt.Errorf("the database ends the login: %w", err)
	}
	if answer[0] == 'E' {
		return fmt.Errorf("the database refuses the login: %q", answer[min(5, n):n])
	}
	return nil
}

// greets reads how a MySQL server begins: with its protocol's version, or with an error (too many connections, say).
func greets(conn net.Conn) error {
	var answer [512]byte
	n, err := io.ReadAtLeast(conn, answer[:], 5)
	if err != nil {
		return fmt.Errorf("the database ends the connection: %w", err)
	}
	if answer[4] == 0xff {
		return fmt.Errorf("the database refuses the connection: %q", answer[min(7, n):n])
	}
	return nil
}

// pongs asks a Redis server. One that wants a password is ready; one that still loads its data is not.
func pongs(conn net.Conn) error {
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	var answer [512]byte
	n, err := io.ReadAtLeast(conn, answer[:], 5)
	if err != nil {
		return fmt.Errorf("the cache ends the connection: %w", err)
	}
	if text := string(answer[:n]); !strings.HasPrefix(text, "+PONG") && !strings.HasPrefix(text, "-NOAUTH") {
		return fmt.Errorf("the cache does not answer PING: %q", text)
	}
	return nil
}
