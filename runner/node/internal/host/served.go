package host

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// servedListener has its connections tell of what is answered on them before there is a request: the server does so by itself, to
// who sends half a head and no more, or one that is none.
type servedListener struct {
	net.Listener
	early func()
}

func (l *servedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &served{Conn: c, early: l.early}, nil
}

type served struct {
	net.Conn
	// asked: there is a request, and what is written is its answer.
	asked atomic.Bool
	early func()
}

func (c *served) Write(p []byte) (int, error) {
	if !c.asked.Load() {
		c.asked.Store(true) // once
		c.early()
	}
	return c.Conn.Write(p)
}

type servedKey struct{}

func withServed(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, servedKey{}, c)
}

// asked notes that there is a request, before it is handled.
func asked(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, is := r.Context().Value(servedKey{}).(*served); is {
			c.asked.Store(true)
		}
		h.ServeHTTP(w, r)
	})
}

// servedState notes that a connection waits for its next request.
func servedState(c net.Conn, state http.ConnState) {
	if s, is := c.(*served); is && state == http.StateIdle {
		s.asked.Store(false)
	}
}
