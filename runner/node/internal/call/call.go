package call

import (
	"context"
	"io"
	"net/http"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// Request is one HTTP call with all its attempts, its answer read whole (and forgotten, but for its headers).
type Request struct {
	Method, Path string
	Header       http.Header // besides the cause's; may be nil
	Body         func() io.Reader
	Redirect     bool // a redirect is the right answer
}

// Send makes the call under the executor's policies. The headers are those of every attempt that was
// answered, in order: a write that a failed attempt acknowledged is acknowledged all the same.
func (e *Executor) Send(ctx context.Context, c host.Trace, what Request) ([]http.Header, *Failure) {
	var answers []http.Header
	f := e.Run(ctx, c, Task{Safe: Safe(what.Method), Do: func(ctx context.Context, to *Replica, c host.Trace, n int) Outcome {
		answer, f := e.SendOnce(ctx, to, c, n, what)
		if answer == nil {
			return Outcome{F: f}
		}
		return Outcome{F: f, Settle: func(taken bool) {
			if taken {
				answers = append(answers, answer)
			}
		}}
	}})
	return answers, f
}

func (e *Executor) SendOnce(ctx context.Context, to *Replica, c host.Trace, n int, what Request) (http.Header, *Failure) {
	bounded, cancel := e.Bounded(ctx)
	defer cancel()
	var body io.Reader
	if what.Body != nil {
		body = what.Body()
	}
	r, err := http.NewRequestWithContext(e.i.Connecting(bounded, c), what.Method, to.URL(what.Path), body)
	if err != nil {
		return nil, &Failure{Class: Declined, Status: http.StatusInternalServerError, To: to.Instance, Err: err}
	}
	if to.Kind == scenarios.KindCDN || to.Kind == scenarios.KindGateway {
		r.Host = to.Node // the site's name, as a load has it: copies are kept by host, and the address is this caller's edge
	}
	if to.Host != "" {
		r.Host = to.Host
	}
	for name, values := range what.Header {
		r.Header[name] = values
	}
	c.Put(r.Header, n)
	e.HandOn(bounded, r.Header)
	r = tie(r)
	response, err := e.To.Transport.RoundTrip(r)
	if err != nil {
		return nil, FailureOf(ctx, bounded, to.Instance, e.Timeout, err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return nil, FailureOf(ctx, bounded, to.Instance, e.Timeout, err)
	}
	e.Mark(response.Header, to)
	if !what.Redirect && wire.Astray(response.StatusCode, response.Header) {
		return response.Header, astray(to.Instance, response.StatusCode, response.Header)
	}
	return response.Header, FailureStatus(to.Instance, response.StatusCode, response.Header)
}
