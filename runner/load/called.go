package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/squallhq/squall/runner/load/rpc"
	"github.com/squallhq/squall/runner/record"
)

// classMismatch is that of a request of gRPC that was never sent: the server has no such method, or its message is another.
const classMismatch = record.ErrGRPC + "mismatch"

// acquaintWithin bounds how long the server is asked for its methods before the first request.
const acquaintWithin = 2 * time.Second

// acquaint finds the methods that the load asks before it begins. The error is of a request that can never be sent; a server that can't be
// asked now is asked again when one is due.
func (c *class) acquaint(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, acquaintWithin)
	defer cancel()
	for i := range c.mix.kinds {
		t := &c.mix.kinds[i]
		method, err := c.methods.Find(ctx, t.rpc, c.reflect(t, 0))
		if err == nil && t.names == nil {
			text, size := c.mix.render(nil, request{kind: i})
			_, err = method.Encode(text[len(text)-size:])
		}
		if _, is := errors.AsType[*rpc.Mismatch](err); is {
			return fmt.Errorf("request %s: %w", t.rpc, err)
		}
	}
	return nil
}

// reflect asks a server about itself over an edge.
func (c *class) reflect(t *template, edge int) rpc.Ask {
	return func(ctx context.Context, path string, message []byte) ([][]byte, error) {
		out, err := http.NewRequestWithContext(ctx, http.MethodPost, (&url.URL{Scheme: "http", Host: t.host, Path: path}).String(), nil)
		if err != nil {
			return nil, err
		}
		return c.call(out, edge, message, &answer{})
	}
}

// called is exchange with a server of gRPC: one message there, one back.
func (c *class) called(ctx context.Context, r request, deadline time.Time) (a answer, err error) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	t, edge := &c.mix.kinds[r.kind], c.edge(r.turn)
	method, err := c.methods.Find(ctx, t.rpc, c.reflect(t, edge))
	if err != nil {
		return c.refused(ctx, a, err)
	}
	text, size := c.mix.render(nil, r)
	out, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
	if err != nil {
		return a, fmt.Errorf("make the request: %w", err)
	}
	message, err := method.Encode(text[len(text)-size:])
	if err != nil {
		return c.refused(ctx, a, err)
	}
	out.RequestURI, out.URL.Host = "", out.Host
	messages, err := c.call(out.WithContext(ctx), edge, message, &a)
	if err == nil && len(messages) != 1 {
		err = bodyError{fmt.Errorf("the answer has %d messages", len(messages))}
	}
	if err == nil && c.mix.keepsBody(r) {
		if a.body, err = method.Decode(messages[0]); err != nil {
			err = bodyError{err}
		}
	}
	if err != nil {
		return c.refused(ctx, a, err)
	}
	a.status = answered
	return a, nil
}

// refused is an answer in whose place a server, or what it says of itself, says something else; any other error stays one.
func (c *class) refused(ctx context.Context, a answer, err error) (answer, error) {
	if s, is := errors.AsType[*rpc.Status](err); is {
		a.refusal = &refusal{class: record.ErrGRPC + s.Code.String(), notDone: s.Code.NotDone(), again: s.Code.Again()}
		return a, nil
	}
	if s, is := errors.AsType[*httpStatus](err); is {
		a.refusal = &refusal{class: statusClass(s.status), again: s.status >= http.StatusInternalServerError}
		return a, nil
	}
	if _, is := errors.AsType[*rpc.Mismatch](err); is {
		a.refusal = &refusal{class: classMismatch, notDone: true}
		return a, nil
	}
	var body bodyError
	if errors.As(err, &body) && ctx.Err() == nil {
		return a, err
	}
	return a, late(ctx, err)
}

// call sends one message and reads the answer whole. What HTTP itself says against it is a status of its own.
func (c *class) call(out *http.Request, edge int, message []byte, a *answer) ([][]byte, error) {
	frame := rpc.Frame(message)
	a.bytesOut += int64(len(frame))
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(frame)), int64(len(frame))
	out.Header.Set("Content-Type", "application/grpc")
	out.Header.Set("Te", "trailers")
	if until, bounded := out.Context().Deadline(); bounded {
		// The user's own patience ends first: what a server does when it is over looks as if it had failed.
		out.Header.Set("Grpc-Timeout", strconv.FormatInt(max(time.Until(until).Milliseconds(), 0)+2, 10)+"m")
	}
	got, err := c.streams.Do(edge, out)
	if err != nil {
		return nil, err
	}
	defer func() { _ = got.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(got.Body, c.options.MaxBody+1))
	if err == nil && int64(len(data)) > c.options.MaxBody {
		err = errTooLong
	}
	a.bytesIn += int64(len(data))
	a.header = got.Header.Clone()
	for name, values := range got.Trailer {
		a.header[name] = values
	}
	if err != nil {
		return nil, bodyError{err}
	}
	if got.StatusCode != http.StatusOK {
		return nil, &httpStatus{got.StatusCode}
	}
	code, said := rpc.ParseCode(a.header.Get("Grpc-Status"))
	switch {
	case !said:
		return nil, fmt.Errorf("the answer has no status of gRPC: %w", io.ErrUnexpectedEOF)
	case code != rpc.OK:
		return nil, &rpc.Status{Code: code, Said: a.header.Get("Grpc-Message")}
	}
	messages, err := rpc.Unframe(data)
	if err != nil {
		return nil, bodyError{err}
	}
	return messages, nil
}

// httpStatus is a status by which HTTP, or somebody between, refuses what gRPC asks.
type httpStatus struct{ status int }

func (s *httpStatus) Error() string { return "HTTP status " + strconv.Itoa(s.status) }
