package node

import (
	"context"
	"io"
	"net/http"
)

// call is one HTTP call with all its attempts, its answer read whole (and forgotten, but for its headers).
type call struct {
	method, path string
	header       http.Header // besides the cause's; may be nil
	body         func() io.Reader
}

// send makes the call under the guard's policy. The headers are those of every attempt that was
// answered, in order: a write that a failed attempt acknowledged is acknowledged all the same.
func (g *guard) send(ctx context.Context, c cause, what call) ([]http.Header, *failure) {
	var answers []http.Header
	f := g.way(what.method)(ctx, c, func(ctx context.Context, to *replica, c cause, n int) outcome {
		answer, f := g.sendOnce(ctx, to, c, n, what)
		if answer == nil {
			return outcome{f: f}
		}
		return outcome{f: f, settle: func(taken bool) {
			if taken {
				answers = append(answers, answer)
			}
		}}
	})
	return answers, f
}

func (g *guard) sendOnce(ctx context.Context, to *replica, c cause, n int, what call) (http.Header, *failure) {
	bounded, cancel := g.bounded(ctx)
	defer cancel()
	var body io.Reader
	if what.body != nil {
		body = what.body()
	}
	r, err := http.NewRequestWithContext(bounded, what.method, "http://"+to.Address+what.path, body)
	if err != nil {
		return nil, &failure{ending: declined, status: http.StatusInternalServerError, to: to.Instance, err: err}
	}
	for name, values := range what.header {
		r.Header[name] = values
	}
	c.put(r.Header, n)
	g.handOn(bounded, r.Header)
	r = tie(r)
	response, err := g.i.transport.RoundTrip(r)
	if err != nil {
		return nil, failureOf(ctx, bounded, to.Instance, g.timeout, err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return nil, failureOf(ctx, bounded, to.Instance, g.timeout, err)
	}
	g.mark(response.Header, to)
	return response.Header, failureStatus(to.Instance, response.StatusCode)
}
