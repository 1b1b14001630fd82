package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/squallhq/squall/runner/wire"
)

// answer is what came back, as far as a sample needs it.
type answer struct {
	status            int
	degraded          bool
	wrote             []string
	position          string
	stale             bool
	astray            bool // a redirect that nobody declared
	bytesOut, bytesIn int64
	// refusal is what the server said in place of an answer, where that has no status of HTTP; nil: it answered.
	refusal *refusal
	// header and body are kept where somebody looks at them.
	header http.Header
	body   []byte
}

// dialError, bodyError tell where an exchange failed.
type (
	dialError struct{ error }
	bodyError struct{ error }
)

func (e dialError) Unwrap() error { return e.error }
func (e bodyError) Unwrap() error { return e.error }

var (
	errTooLong  = errors.New("body longer than the limit")
	errProtocol = errors.New("not an HTTP/1.1 answer")
)

// exchange sends one request over one connection and reads its answer whole. Requests take the
// edges in turn. A connection that failed, or whose end is the answer's end, is closed.
func (c *class) exchange(ctx context.Context, r request, deadline time.Time) (answer, error) {
	switch {
	case c.direct != nil:
		return c.asked(ctx, r, deadline)
	case c.methods != nil:
		return c.called(ctx, r, deadline)
	case c.sockets != nil:
		return c.echoed(ctx, r, deadline)
	case c.streams != nil:
		return c.multiplexed(ctx, r, deadline)
	}
	conn, err := c.pool.get(ctx, c.edge(r.turn), deadline)
	if err != nil {
		return answer{}, err
	}
	a, reusable, err := c.converse(conn, r, deadline)
	if err != nil || !reusable {
		c.pool.drop(conn)
	} else {
		c.pool.put(conn)
	}
	return a, err
}

// edge is whose turn it is among those that are there.
func (c *class) edge(turn uint64) int {
	n := uint64(len(c.pool.edges))
	for i := range n {
		if at := (turn + i) % n; !c.order.Notices.Of(c.pool.edges[at]).Withdrawn {
			return int(at)
		}
	}
	return int(turn % n)
}

func (c *class) converse(conn *conn, r request, deadline time.Time) (a answer, reusable bool, err error) {
	if err := c.pool.arm(conn, deadline); err != nil {
		return a, false, err
	}
	t := &c.mix.kinds[r.kind]
	body := 0
	conn.buf, body = c.mix.render(conn.buf[:0], r)
	raw := t.file(r)
	a.bytesOut = int64(body + len(raw))
	if _, err := conn.Write(conn.buf); err != nil {
		return a, false, fmt.Errorf("send: %w", err)
	}
	if len(raw) > 0 {
		if _, err := conn.Write(raw); err != nil {
			return a, false, fmt.Errorf("send: %w", err)
		}
	}
	h, err := readHead(conn.reader, t.keeps(r))
	if err != nil {
		return a, false, fmt.Errorf("read answer: %w", err)
	}
	a.take(h, t)
	if t.method == "HEAD" { // no redirect makes another method of it
		h.length, h.chunked, h.untilEOF = 0, false, false
	}
	if c.mix.keepsBody(r) {
		var kept bytes.Buffer
		a.bytesIn, err = readBody(&kept, conn.reader, h, c.options.MaxBody)
		a.body, err = unpacked(kept.Bytes(), h.all, c.options.MaxBody, err)
	} else {
		a.bytesIn, err = readBody(io.Discard, conn.reader, h, c.options.MaxBody)
	}
	if err != nil {
		return a, false, bodyError{err}
	}
	return a, !h.close && conn.reader.Buffered() == 0, nil
}

// take takes in what a head says.
func (a *answer) take(h head, t *template) {
	a.status, a.degraded, a.wrote = h.status, h.degraded, h.wrote
	a.position, a.stale, a.header = h.position, h.stale, h.all
	a.astray = wire.Redirect(h.status) && !h.meant && !t.redirect
}

// keeps tells that somebody looks at the headers of the answer.
func (t *template) keeps(r request) bool { return t.rules != nil || r.visit != nil || t.redirects > 0 }

// file is the part of the body that is sent as it is; nil: there is none.
func (t *template) file(r request) []byte {
	if r.hop != nil && !r.hop.body {
		return nil
	}
	return t.raw
}

// keepsBody tells that somebody looks at the body of the answer.
func (m *mix) keepsBody(r request) bool { return m.kinds[r.kind].rules.NeedsBody() || m.wantsBody(r) }

// unexpected turns an end in the middle into what it is.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
