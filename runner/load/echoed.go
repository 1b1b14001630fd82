package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/squallhq/squall/runner/load/socket"
	"github.com/squallhq/squall/runner/record"
)

// firstConnect is the number of the connection that is made for a load's request 0: connections have numbers of their own, as looks have.
const firstConnect = 1 << 41

// echoed is exchange over WebSocket: a message there, and the next one that comes back. Where there is no connection one is made, which is
// a request of its own.
func (c *class) echoed(ctx context.Context, r request, deadline time.Time) (a answer, err error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	text, size := c.mix.render(nil, r)
	as, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		return a, fmt.Errorf("make the request: %w", err)
	}
	for _, name := range []string{"Content-Length", "Content-Type"} { // they are of a body, and a handshake has none
		as.Header.Del(name)
	}
	edge, message := c.edge(r.turn), text[len(text)-size:]
	conn := c.sockets.Idle(edge, as.URL.RequestURI())
	if conn == nil {
		if conn, a, err = c.connect(ctx, r, edge, as); conn == nil {
			return a, err
		}
	}
	a.bytesOut = int64(size)
	a.body, err = c.sockets.Exchange(ctx, conn, message)
	a.bytesIn = int64(len(a.body))
	if err != nil {
		return closed(ctx, a, err)
	}
	a.status = answered
	if c.mix.kinds[r.kind].echo && !bytes.Equal(a.body, message) {
		a.refusal = &refusal{class: record.ErrCheck + "echo"}
	}
	return a, nil
}

// connect makes a connection and takes the sample of that. Without one the answer or the error says why.
func (c *class) connect(ctx context.Context, r request, edge int, as *http.Request) (*socket.Conn, answer, error) {
	t := &c.mix.kinds[r.kind]
	c.meter.enter()
	s, hit := c.begins(record.Sample{
		Load: c.load.Name, Request: t.connects, Seq: firstConnect + r.seq, Intended: r.intended, Sent: c.now(), Outcome: record.Failed,
	})
	conn, err := c.sockets.Connect(ctx, edge, as)
	s.Done = c.now()
	c.meter.leave()
	a := answer{status: answered}
	if err != nil {
		a, err = closed(ctx, answer{}, err)
	}
	switch {
	case exhausted(err) != "": // the message is unsent, and says so
		c.forget(hit)
		return nil, a, err
	case err != nil:
		s.Error = classify(ctx, err)
	case a.refusal != nil:
		s.Error = a.refusal.class
	default:
		s.Outcome = record.OK
	}
	c.over(r, s, hit, a)
	return conn, a, err
}

// closed is what a server says in place of a message: a status of HTTP in the handshake, or the code with which it closes. Any other error
// stays one.
func closed(ctx context.Context, a answer, err error) (answer, error) {
	var refused *socket.Refused
	if errors.As(err, &refused) {
		a.refusal = &refusal{class: statusClass(refused.Status)}
		return a, nil
	}
	if code, is := socket.Closed(err); is {
		a.refusal = &refusal{class: record.ErrWebSocket + strconv.Itoa(code)}
		return a, nil
	}
	return a, late(ctx, err)
}
