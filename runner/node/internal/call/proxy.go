package call

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"sync"

	"github.com/squallhq/squall/runner/node/internal/host"
)

// Proxy hands requests on to one upstream and streams the answers back; nothing is held up or
// gathered, but for request bodies (1 MiB at most) where the policy may have to send them again.
// Answers of 500 and more pass as they are once the policy has given up. Upgrades (101) are not supported.
type Proxy struct {
	calls   *Executor
	reverse *httputil.ReverseProxy
}

func NewProxy(i *host.Instance, e *Executor, buffers *BufferPool) *Proxy {
	p := &Proxy{calls: e}
	p.reverse = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetXForwarded()
			r.Out.URL.Scheme = "http" // until it is known who answers
		},
		Transport:     p,
		FlushInterval: -1, // pass on what has come, at once
		BufferPool:    buffers,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			status := http.StatusBadGateway
			var f *Failure
			var long *http.MaxBytesError
			switch {
			case errors.As(err, &long):
				host.TooLargeTotal.In(i.Metrics).Add(1)
				status = http.StatusRequestEntityTooLarge
			case errors.As(err, &f):
				status = f.Status
			}
			i.Refuse(w, status, err.Error())
		},
		ErrorLog: silent,
	}
	return p
}

func (p *Proxy) Serve(w http.ResponseWriter, r *http.Request, c host.Trace) {
	p.reverse.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), causeKey{}, c)))
}

// causeKey carries a request's cause through the reverse proxy.
type causeKey struct{}

var _ http.RoundTripper = (*Proxy)(nil)

// RoundTrip makes the attempts. The answer is that of the last attempt that was answered, unless a
// later one ended without any.
func (p *Proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	body, again, err := p.replayable(r)
	if err != nil {
		return nil, err
	}
	c, ok := r.Context().Value(causeKey{}).(host.Trace)
	if !ok {
		c = p.calls.i.TraceOf(r.Header)
	}
	var answer *http.Response
	f := p.calls.Run(r.Context(), c, Task{Safe: again && Safe(r.Method), Do: func(ctx context.Context, to *Replica, c host.Trace, n int) Outcome {
		one, body, f := p.once(ctx, to, r, c, n, body())
		if f != nil {
			f.Retryable, f.nonReplayable = f.Retryable && again, !again
			body = nil // the attempt is over: another may need its place
		}
		return Outcome{F: f, body: body, Settle: func(taken bool) {
			old := one
			if taken {
				old, answer = answer, one
			}
			if old != nil {
				discard(old)
			}
		}}
	}})
	if answer != nil {
		return answer, nil
	}
	return nil, f
}

// once makes one attempt; the attempt's timeout covers its body, which ends it.
func (p *Proxy) once(ctx context.Context, to *Replica, r *http.Request, c host.Trace, n int, body io.ReadCloser) (*http.Response, *streamed, *Failure) {
	bounded, cancel := p.calls.Bounded(ctx)
	out := r.WithContext(p.calls.i.Connecting(bounded, c))
	url := *r.URL
	url.Scheme, url.Host = to.scheme(), to.Address
	out.URL = &url
	if to.Host != "" {
		out.Host = to.Host
	}
	out.Body = body
	out.Header = r.Header.Clone() // an earlier attempt may still be writing the one it had
	c.Put(out.Header, n)
	p.calls.HandOn(bounded, out.Header)
	answer, err := p.calls.To.Transport.RoundTrip(out)
	if err != nil {
		f := FailureOf(ctx, bounded, to.Instance, p.calls.Timeout, err)
		cancel()
		return nil, nil, f
	}
	passing := &streamed{ReadCloser: answer.Body, cancel: cancel, gone: ctx.Err}
	answer.Body = passing
	p.calls.Mark(answer.Header, to)
	return answer, passing, FailureStatus(to.Instance, answer.StatusCode, answer.Header)
}

// replayable tells whether the request can be sent more than once, and gives its body each time.
func (p *Proxy) replayable(r *http.Request) (body func() io.ReadCloser, again bool, err error) {
	if r.Body == nil || r.Body == http.NoBody {
		return func() io.ReadCloser { return r.Body }, true, nil
	}
	if !p.calls.repeats || r.ContentLength > host.MaxBody {
		return func() io.ReadCloser { return r.Body }, false, nil
	}
	start, err := io.ReadAll(io.LimitReader(r.Body, host.MaxBody+1))
	if err != nil {
		return nil, false, &Failure{Class: Abandoned, Status: http.StatusBadRequest, To: p.calls.To.Node, Err: err}
	}
	if len(start) > host.MaxBody { // too long to keep: it passes once
		rest := io.MultiReader(bytes.NewReader(start), r.Body)
		return func() io.ReadCloser { return io.NopCloser(rest) }, false, nil
	}
	return func() io.ReadCloser { return io.NopCloser(bytes.NewReader(start)) }, true, nil
}

// streamed is an answer's body on its way through: it ends the attempt's context and notes if it broke.
type streamed struct {
	io.ReadCloser
	cancel context.CancelFunc
	gone   func() error // says whether the caller is gone
	once   sync.Once
	how    Ending   // of the body
	over   []func() // told once, when it is closed
}

// whenOver has f called when the body is closed.
func (s *streamed) whenOver(f func()) { s.over = append(s.over, f) }

func (s *streamed) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		s.once.Do(func() {
			if s.how = EndedBadly; s.gone() != nil {
				s.how = GivenUp
			}
		})
	}
	return n, err
}

func (s *streamed) Close() error {
	s.once.Do(func() {}) // what comes after is our own doing
	err := s.ReadCloser.Close()
	s.cancel()
	over := s.over
	s.over = nil
	for _, f := range over {
		f()
	}
	return err
}

// discard ends an answer that nobody will see, reading a little so that its connection can be used again.
func discard(r *http.Response) {
	const little = 64 << 10
	io.CopyN(io.Discard, r.Body, little) //nolint:errcheck // it is thrown away
	r.Body.Close()
}

// BufferPool lends the reverse proxy its copy buffers.
type BufferPool struct{ pool sync.Pool }

func (b *BufferPool) Get() []byte {
	if p, ok := b.pool.Get().(*[]byte); ok {
		return *p
	}
	return make([]byte, 32<<10)
}

func (b *BufferPool) Put(p []byte) { b.pool.Put(&p) }

// silent takes what the reverse proxy would log of single requests: they are counted, not told.
var silent = log.New(io.Discard, "", 0)
