package load

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/wire"
)

// hop is where a redirect sends a request.
// It is also what a recording says of one request in place of its kind.
type hop struct {
	method, target string
	body           bool // the body goes with it
	own, mime      string
}

// end writes what comes after the headers of a request whose body, if it has one, is its own.
func (h *hop) end(b []byte) ([]byte, int) {
	if h.own == "" {
		return append(b, bodiless(h.method)...), 0
	}
	if h.mime != "" {
		b = append(b, "Content-Type: "+h.mime+"\r\n"...)
	}
	b = append(b, "Content-Length: "+strconv.Itoa(len(h.own))+"\r\n\r\n"...)
	return append(b, h.own...), len(h.own)
}

// follow exchanges a request for its answer, past the redirects that are followed: they are one request to its user, within one
// patience. Bytes are of all of them.
func (c *class) follow(ctx context.Context, r request, deadline time.Time) (answer, error) {
	t := &c.mix.kinds[r.kind]
	a, err := c.exchange(ctx, r, deadline)
	for n := 0; err == nil && n < t.redirects && wire.Redirect(a.status); n++ {
		next, ok := t.hop(c, r, a)
		if !ok {
			break
		}
		if r.visit != nil {
			r.visit.learn(a.header)
		}
		r.hop = &next
		out, in := a.bytesOut, a.bytesIn
		a, err = c.exchange(ctx, r, deadline)
		a.bytesOut, a.bytesIn = a.bytesOut+out, a.bytesIn+in
	}
	return a, err
}

// hop is where an answer sends its request (RFC 9110, 15.4); false where that is nowhere, or another host.
func (t *template) hop(c *class, r request, a answer) (hop, bool) {
	at := &url.URL{Scheme: "http", Host: t.host, Path: "/"}
	from := c.mix.url(r)
	if r.hop != nil {
		from = "http://" + t.host + r.hop.target
	}
	if u, err := url.Parse(from); err == nil {
		at = u
	}
	location := a.header.Get("Location")
	to, err := at.Parse(location)
	if err != nil || location == "" || !strings.EqualFold(to.Hostname(), at.Hostname()) {
		return hop{}, false
	}
	next := hop{method: t.method, target: to.RequestURI(), body: true}
	if r.hop != nil {
		next.method, next.body = r.hop.method, r.hop.body
	}
	switch {
	case a.status == http.StatusSeeOther && next.method != http.MethodHead,
		(a.status == http.StatusMovedPermanently || a.status == http.StatusFound) && next.method == http.MethodPost:
		next.method, next.body = http.MethodGet, false
	case t.body == nil && t.raw == nil:
		next.body = false
	}
	return next, true
}

// multiplexed is exchange over HTTP/2: the same request, as its own stream.
func (c *class) multiplexed(ctx context.Context, r request, deadline time.Time) (a answer, err error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	t := &c.mix.kinds[r.kind]
	text, body := c.mix.render(nil, r)
	raw := t.file(r)
	text = append(text, raw...)
	a.bytesOut = int64(body + len(raw))
	out, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		return a, fmt.Errorf("make the request: %w", err)
	}
	out.RequestURI, out.URL.Host = "", out.Host
	got, err := c.streams.Do(c.edge(r.turn), out.WithContext(ctx))
	if err != nil {
		return a, fmt.Errorf("exchange: %w", err)
	}
	defer func() { _ = got.Body.Close() }()
	h := head{status: got.StatusCode, length: -1, all: got.Header}
	for name, values := range got.Header {
		for _, value := range values {
			if err := h.field([]byte(name), []byte(value)); err != nil {
				return a, err
			}
		}
	}
	a.take(h, t)
	var kept bytes.Buffer
	to := io.Writer(io.Discard)
	if c.mix.keepsBody(r) {
		to = &kept
	}
	a.bytesIn, err = io.Copy(to, io.LimitReader(got.Body, c.options.MaxBody+1))
	if err == nil && a.bytesIn > c.options.MaxBody {
		err = errTooLong
	}
	if to != io.Discard {
		a.body, err = unpacked(kept.Bytes(), got.Header, c.options.MaxBody, err)
	}
	if err != nil && ctx.Err() == nil {
		err = bodyError{err}
	}
	return a, err
}

// unpacked is a body as it was before it was compressed, where it was. err is that of reading it.
func unpacked(body []byte, h http.Header, most int64, err error) ([]byte, error) {
	if err != nil || len(body) == 0 || !strings.EqualFold(strings.TrimSpace(h.Get("Content-Encoding")), "gzip") {
		return body, err
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, errors.Join(errPacked, err)
	}
	plain, err := io.ReadAll(io.LimitReader(z, most+1))
	if err == nil && int64(len(plain)) > most {
		err = errTooLong
	}
	if err != nil {
		return nil, errors.Join(errPacked, err)
	}
	return plain, nil
}

var errPacked = errors.New("the body is not gzip, as it says")
