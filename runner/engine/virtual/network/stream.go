package network

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// bufferSize is how much one direction holds before its writer waits: about what a socket's two buffers on one
// machine hold before they grow.
const bufferSize = 128 << 10

// keepSize is the most that an empty buffer keeps for later.
const keepSize = 8 << 10

// stream is one direction of a connection.
type stream struct {
	mu     sync.Mutex
	buffer []byte // what has come, from start on
	start  int
	// finished: the writer has ended it; the reader sees io.EOF after the buffer, the writer this error.
	finished error
	// broken: it was reset; the reader sees that after the buffer.
	broken bool
	// left: the reader has closed.
	left bool

	reading, writing deadline
}

func (s *stream) init() {
	s.reading.init(&s.mu)
	s.writing.init(&s.mu)
}

// read takes what is there, or waits. again: the host was stopped meanwhile, its reader has not run.
func (s *stream) read(p []byte, h *Host) (n int, again bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		empty := s.start == len(s.buffer)
		switch {
		case s.left:
			return 0, false, net.ErrClosed
		case h.halted.Load():
			return 0, true, nil
		case empty && s.broken:
			return 0, false, os.NewSyscallError("read", syscall.ECONNRESET)
		case empty && s.finished != nil:
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

// take copies out of the buffer. s.mu is held.
func (s *stream) take(p []byte) int {
	n := copy(p, s.buffer[s.start:])
	s.start += n
	if s.start == len(s.buffer) {
		s.start = 0
		if cap(s.buffer) > keepSize {
			s.buffer = nil
		} else {
			s.buffer = s.buffer[:0]
		}
	}
	s.writing.wake()
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
			s.reading.wake()
			continue
		}
		s.writing.wait()
	}
}

// put appends to the buffer. s.mu is held.
func (s *stream) put(p []byte) {
	if s.start > 0 && len(s.buffer)+len(p) > cap(s.buffer) {
		s.buffer = s.buffer[:copy(s.buffer, s.buffer[s.start:])]
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
	s.reading.wake()
	s.writing.wake()
}

// leave is the reader's end; unread: something had come that it has not read.
func (s *stream) leave() (unread bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	unread = s.start < len(s.buffer)
	s.left, s.buffer, s.start = true, nil, 0
	s.reading.stop()
	s.reading.wake()
	s.writing.wake()
	return unread
}

// breakOff is a reset. A reader that has had the FIN has had everything.
func (s *stream) breakOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = s.broken || s.finished == nil || s.left
	s.reading.wake()
	s.writing.wake()
}
