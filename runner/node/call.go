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

// send makes the call under the executor's policies. The headers are those of every attempt that was
// answered, in order: a write that a failed attempt acknowledged is acknowledged all the same.
func (e *executor) send(ctx context.Context, c cause, what call) ([]http.Header, *failure) {
	var answers []http.Header
	f := e.run(ctx, c, task{safe: safe(what.method), do: func(ctx context.Context, to *replica, c cause, n int) outcome {
		answer, f := e.sendOnce(ctx, to, c, n, what)
		if answer == nil {
			return outcome{f: f}
		}
		return outcome{f: f, settle: func(taken bool) {
			if taken {
				answers = append(answers, answer)
			}
		}}
	}})
	return answers, f
}

func (e *executor) sendOnce(ctx context.Context, to *replica, c cause, n int, what call) (http.Header, *failure) {
	bounded, cancel := e.bounded(ctx)
	defer cancel()
	var body io.Reader
	if what.body != nil {
		body = what.body()
	}
	r, err := http.NewRequestWithContext(bounded, what.method, "http://"+to.Address+what.path, body)
	if err != nil {
		return nil, &failure{class: declined, status: http.StatusInternalServerError, to: to.Instance, err: err}
	}
	for name, values := range what.header {
		r.Header[name] = values
	}
	c.put(r.Header, n)
	e.handOn(bounded, r.Header)
	r = tie(r)
	response, err := e.to.transport.RoundTrip(r)
	if err != nil {
		return nil, failureOf(ctx, bounded, to.Instance, e.timeout, err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return nil, failureOf(ctx, bounded, to.Instance, e.timeout, err)
	}
	e.mark(response.Header, to)
	return response.Header, failureStatus(to.Instance, response.StatusCode, response.Header)
}
