package pipenet

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// bufferSize is how much one direction holds before its writer waits.
const bufferSize = 64 << 10

// Conn is one end of a connection in memory.
type Conn struct {
	local, remote net.Addr
	in, out       *stream
}

var _ net.Conn = (*Conn)(nil)

// Pipe is the two ends of a new connection.
func Pipe(a, b net.Addr) (*Conn, *Conn) {
	one, two := newStream(), newStream()
	return &Conn{local: a, remote: b, in: one, out: two}, &Conn{local: b, remote: a, in: two, out: one}
}

// Read gives what has come, and io.EOF after the other end closed.
func (c *Conn) Read(p []byte) (int, error) { return c.in.read(p) }

// Write waits while the buffer is full.
func (c *Conn) Write(p []byte) (int, error) { return c.out.write(p) }

// Close ends both directions. Bytes that the other end has not read yet stay readable there.
func (c *Conn) Close() error {
	c.out.finish()
	c.in.abandon()
	return nil
}

// CloseWrite ends this end's direction alone (a half-close).
func (c *Conn) CloseWrite() error {
	c.out.finish()
	return nil
}

// LocalAddr is this end's address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the other end's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline bounds reads and writes, those that wait now included.
func (c *Conn) SetDeadline(t time.Time) error {
	c.in.readDeadline.set(t)
	c.out.writeDeadline.set(t)
	return nil
}

// SetReadDeadline bounds reads.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.readDeadline.set(t)
	return nil
}

// SetWriteDeadline bounds writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.writeDeadline.set(t)
	return nil
}

// stream is one direction.
type stream struct {
	mu       sync.Mutex
	changed  *sync.Cond
	buffer   []byte
	finished bool // the writer closed: io.EOF once the buffer is read
	gone     bool // the reader closed: writes fail

	readDeadline, writeDeadline deadline
}

func newStream() *stream {
	s := &stream{}
	s.changed = sync.NewCond(&s.mu)
	s.readDeadline.stream, s.writeDeadline.stream = s, s
	return s
}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.gone:
			return 0, net.ErrClosed
		case s.readDeadline.passed:
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case len(s.buffer) > 0:
			n := copy(p, s.buffer)
			s.buffer = append(s.buffer[:0], s.buffer[n:]...)
			s.changed.Broadcast()
			return n, nil
		case s.finished:
			return 0, io.EOF
		}
		s.changed.Wait()
	}
}

func (s *stream) write(p []byte) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.finished:
			return written, net.ErrClosed
		case s.gone:
			return written, syscall.EPIPE
		case s.writeDeadline.passed:
			return written, os.ErrDeadlineExceeded
		case len(p) == 0:
			return written, nil
		}
		if room := bufferSize - len(s.buffer); room > 0 {
			n := min(room, len(p))
			s.buffer = append(s.buffer, p[:n]...)
			p, written = p[n:], written+n
			s.changed.Broadcast()
			continue
		}
		s.changed.Wait()
	}
}

func (s *stream) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = true
	s.writeDeadline.stop()
	s.changed.Broadcast()
}

func (s *stream) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
	s.buffer = nil
	s.readDeadline.stop()
	s.changed.Broadcast()
}

// deadline ends waits at a time. Its stream's lock guards it.
type deadline struct {
	stream *stream
	timer  *time.Timer
	passed bool
	turn   int // counts settings, so that a timer that fires late changes nothing
}

func (d *deadline) set(t time.Time) {
	d.stream.mu.Lock()
	defer d.stream.mu.Unlock()
	d.stop()
	d.turn++
	d.passed = false
	switch wait := time.Until(t); {
	case t.IsZero():
	case wait <= 0:
		d.passed = true
		d.stream.changed.Broadcast()
	default:
		turn := d.turn
		d.timer = time.AfterFunc(wait, func() {
			d.stream.mu.Lock()
			defer d.stream.mu.Unlock()
			if turn == d.turn {
				d.passed = true
				d.stream.changed.Broadcast()
			}
		})
	}
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
