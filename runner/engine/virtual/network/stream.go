package network

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/squallhq/squall/internal/chance"
)

// bufferSize is how much one direction holds before its writer waits: about what a socket's two buffers on one
// machine hold before they grow.
const bufferSize = 128 << 10

// keepSize is the most that an empty buffer keeps for later.
const keepSize = 8 << 10

// stream is one direction of a connection.
type stream struct {
	mu     sync.Mutex
	buffer []byte // what was sent, from start on, of which up to come has come
	start  int
	come   int
	// finished: the writer has ended it, and this error tells it so; ended: the reader has heard of it, and sees io.EOF after
	// what has come.
	finished error
	ended    bool
	// resetting: the writer has reset it; reset: the reader has heard of it, and sees it after what has come.
	resetting, reset bool
	// left: the reader has closed; refused: with a reset; broken: the writer has heard of it.
	left, refused, broken bool

	// took is when the reader took bytes last, in ns: see there.
	took int64

	reading, writing deadline
	// there is what is under way to the reader, last the end of it, back what is under way to the writer. An end never lands with the bytes
	// before it: who serves a request and hears in the same instant that its client has left may begin it or not. Where both came before
	// the reader looked, as to a connection that was accepted late, the end comes once more.
	there, last, back crossing
}

// init makes it ready; what crosses it lands at moments of its own, by its key, or at once where there are none.
func (s *stream) init(m *moments, key uint64, near bool) {
	s.reading.init(&s.mu, m, chance.Scramble(key+1))
	s.writing.init(&s.mu, m, chance.Scramble(key+2))
	s.there = crossing{moments: m, key: key, near: near, land: s.landed, mu: &s.mu}
	s.last = crossing{moments: m, key: chance.Scramble(key), near: near, land: s.over, mu: &s.mu}
	s.back = crossing{moments: m, key: ^key, near: near, land: s.heard, mu: &s.mu}
}

// landed is when what was sent has come to the reader.
func (s *stream) landed() {
	if s.left && s.come < len(s.buffer) { // what comes where nobody reads is answered with a reset
		s.broken = true
		s.writing.wake()
	}
	if s.left {
		s.buffer, s.start = nil, 0
	}
	s.come = len(s.buffer)
	s.reading.wake()
}

// over is when the end has come to the reader, after all that was sent before it.
func (s *stream) over() {
	s.ended, s.reset = s.finished != nil, s.resetting
	s.landed()
}

// heard is when the writer learns what became of the reader and its buffer.
func (s *stream) heard() {
	s.broken = s.broken || s.refused
	s.writing.wake()
}

// read takes what is there, or waits. again: the host was stopped meanwhile, its reader has not run.
func (s *stream) read(p []byte, h *Host) (n int, again bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		empty := s.start == s.come
		switch {
		case s.left:
			return 0, false, net.ErrClosed
		case h.halted.Load():
			return 0, true, nil
		case empty && (s.ended || s.reset) && s.tookNow():
			s.ended, s.reset = false, false
			s.last.setOff()
		case empty && s.reset:
			return 0, false, os.NewSyscallError("read", syscall.ECONNRESET)
		case empty && s.ended:
			return 0, false, io.EOF // before the deadline: who looks whether it is alive sees that it ended
		case s.reading.passed():
			return 0, false, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, false, nil
		case !empty:
			return s.take(p), false, nil
		}
		s.reading.wait()
	}
}

// tookNow tells that the reader took bytes in this very instant. s.mu is held.
func (s *stream) tookNow() bool { return s.last.moments != nil && s.took == time.Now().UnixNano() }

// take copies out of the buffer. s.mu is held.
func (s *stream) take(p []byte) int {
	n := copy(p, s.buffer[s.start:s.come])
	s.start += n
	if s.last.moments != nil {
		s.took = time.Now().UnixNano()
	}
	if s.start == len(s.buffer) {
		s.start, s.come = 0, 0
		if cap(s.buffer) > keepSize {
			s.buffer = nil
		} else {
			s.buffer = s.buffer[:0]
		}
	}
	if s.writing.waiting > 0 {
		s.back.setOff()
	}
	return n
}

// write puts all of p there, or waits for room.
func (s *stream) write(p []byte, h *Host) (written int, again bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.finished != nil:
			return written, false, s.finished
		case h.halted.Load():
			return written, true, nil
		case s.broken:
			return written, false, os.NewSyscallError("write", syscall.EPIPE)
		case s.writing.passed():
			return written, false, os.ErrDeadlineExceeded
		case len(p) == 0:
			return written, false, nil
		case s.left:
			s.broken = true // what comes where nobody reads is answered with a reset: the next write sees it
			return written + len(p), false, nil
		}
		if room := bufferSize - (len(s.buffer) - s.start); room > 0 {
			n := min(room, len(p))
			s.put(p[:n])
			p, written = p[n:], written+n
			s.there.setOff()
			continue
		}
		s.writing.wait()
	}
}

// put appends to the buffer. s.mu is held.
func (s *stream) put(p []byte) {
	if s.start > 0 && len(s.buffer)+len(p) > cap(s.buffer) {
		s.buffer = s.buffer[:copy(s.buffer, s.buffer[s.start:])]
		s.come -= s.start
		s.start = 0
	}
	s.buffer = append(s.buffer, p...)
}

// finish is the writer's end; it writes no more, and err tells it why.
func (s *stream) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finished = err
	s.writing.stop()
	s.last.setOffLast()
	s.writing.wake()
}

// leave is the reader's end; unread: something had come that it has not read.
func (s *stream) leave() (unread bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	unread = s.start < s.come
	s.left, s.buffer, s.start, s.come = true, s.buffer[s.come:], 0, 0
	s.reading.stop()
	s.reading.wake()
	s.back.setOffLast()
	return unread
}

// breakOff is the writer's reset. A reader that has had the FIN has had everything.
func (s *stream) breakOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resetting = s.resetting || s.finished == nil || s.left
	s.last.setOffLast()
}

// refuse is the reader's reset, once it has left.
func (s *stream) refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = true
	s.back.setOffLast()
}
