package load

import (
	"crypto/tls"
	"errors"
	"os"
	"syscall"
	"time"
)

// alive tells whether an idle connection can carry another request: its peer has not closed it,
// and nothing unasked has come in. It does not wait.
func alive(c *conn) bool {
	below := c.Conn
	if t, ok := below.(*tls.Conn); ok {
		below = t.NetConn() // what comes in unasked is an alert that it closes: it is as good as an end
	}
	if s, ok := below.(syscall.Conn); ok {
		if open, known := peek(s); known {
			return open
		}
	}
	if c.SetReadDeadline(time.Unix(1, 0)) != nil {
		return false
	}
	// A pipe's end tells of a close even when its deadline has passed; a byte would be unasked.
	n, err := c.Conn.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}
