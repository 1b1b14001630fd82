package multiplex

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
)

// connection is one that carries many requests, with what it goes over.
type connection struct {
	*http.ClientConn
	socket *socket
}

// why is an error of a connection with what ended the connection, where something did: to a request that was given one which was gone by
// then net/http says no more than that it can't be used.
func (c *connection) why(err error) error {
	if ended := c.socket.ended.Load(); ended != nil {
		return fmt.Errorf("%w: %w", err, *ended)
	}
	return err
}

// socket remembers what ended it, which is the first error that it gave.
type socket struct {
	net.Conn
	ended atomic.Pointer[error]
}

// socketKey is where a context has the socket of the connection that is being made.
type socketKey struct{}

// over is the socket over a connection that was made for it.
func (s *socket) over(conn net.Conn) *socket {
	s.Conn = conn
	return s
}

func (s *socket) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	return n, s.note(err)
}

func (s *socket) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	return n, s.note(err)
}

func (s *socket) note(err error) error {
	if err != nil {
		s.ended.CompareAndSwap(nil, &err)
	}
	return err
}
