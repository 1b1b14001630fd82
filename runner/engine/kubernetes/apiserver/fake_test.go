package apiserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// errAway is what a connection gets that nobody takes.
var errAway = errors.New("connection refused")

// fake is an API server in memory: each request is answered by a function of what was asked so far. In a bubble of synctest its time is virtual.
type fake struct {
	mu    sync.Mutex
	asked []asked
	reply func(n int, r *http.Request) (*http.Response, error)
}

// asked is one request, and when it came.
type asked struct {
	at   time.Time
	what string // method and target
	body string
	head http.Header
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	f.mu.Lock()
	f.asked = append(f.asked, asked{time.Now(), r.Method + " " + r.URL.RequestURI(), string(body), r.Header})
	n := len(f.asked)
	f.mu.Unlock()
	return f.reply(n, r)
}

func (f *fake) targets() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, a := range f.asked {
		out = append(out, a.what)
	}
	return out
}

// answers makes an answer with headers as name, value, name, value ...
func answers(code int, body string, headers ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

// says is an answer of an API server that refuses.
func says(code int, reason, message string, headers ...string) *http.Response {
	return answers(code, fmt.Sprintf(`{"kind":"Status","reason":%q,"message":%q,"code":%d}`, reason, message, code), headers...)
}

// someone is who asks; renewals is how often there is another token to try.
type someone struct{ renewals int }

func (s *someone) Authorize(r *http.Request) error {
	r.Header.Set("Authorization", fmt.Sprintf("Bearer secret%d", s.renewals))
	return nil
}

func (s *someone) Refused() bool { s.renewals--; return s.renewals >= 0 }

func clientOf(f *fake, who identity) *Client {
	c := newClient(&url.URL{Scheme: "https", Host: "api:6443"}, who, f, f)
	c.Namespace = "team"
	return c
}

// inVirtualTime runs a test with a client of a fake; everything waits in no time.
func inVirtualTime(t *testing.T, reply func(n int, r *http.Request) (*http.Response, error), test func(t *testing.T, f *fake, c *Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{reply: reply}
		test(t, f, clientOf(f, &someone{}))
	})
}

// stream is an answer whose lines come as they are sent; closing it ends it as a server that is killed does.
type stream struct {
	ctx   context.Context
	lines chan string
	rest  bytes.Buffer
}

func newStream(ctx context.Context) *stream { return &stream{ctx: ctx, lines: make(chan string, 100)} }

func (s *stream) Read(p []byte) (int, error) {
	for s.rest.Len() == 0 {
		select {
		case line, more := <-s.lines:
			if !more {
				return 0, io.ErrUnexpectedEOF
			}
			s.rest.WriteString(line + "\n")
		case <-s.ctx.Done():
			return 0, s.ctx.Err()
		}
	}
	return s.rest.Read(p)
}

func (s *stream) Close() error { return nil }

func (s *stream) response() *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: s}
}
