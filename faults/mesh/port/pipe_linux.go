package port

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Pipe is a kernel pipe through which bulk goes from socket to socket without being copied to user space. Its owner uses
// it from one goroutine. A nil Pipe can be closed.
type Pipe struct {
	in, out  int
	src, dst syscall.RawConn
	// held is how many bytes are in the pipe.
	held int
	// failed: the kernel can't splice these sockets.
	failed bool
	// moved and err are the outcome of the last attempt, which the two functions make.
	moved       int
	err         error
	fill, flush func(fd uintptr) bool
	flushed     func(n int)
}

// pipeBytes is the most that one step moves: a pipe's usual size.
const pipeBytes = 64 << 10

// NewPipe makes a pipe from src to dst, nil where there can be none. flushed is told of bytes as dst takes them.
func NewPipe(src, dst net.Conn, flushed func(n int)) *Pipe {
	from, isTCP := src.(*net.TCPConn)
	to, areTCP := dst.(*net.TCPConn)
	if !isTCP || !areTCP {
		return nil
	}
	rawSrc, err := from.SyscallConn()
	if err != nil {
		return nil
	}
	rawDst, err := to.SyscallConn()
	if err != nil {
		return nil
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil // no descriptor is left: copying works without
	}
	p := &Pipe{in: fds[1], out: fds[0], src: rawSrc, dst: rawDst, flushed: flushed}
	p.fill, p.flush = p.fillFrom, p.flushTo
	return p
}

// Failed tells that the pipe is of no more use.
func (p *Pipe) Failed() bool { return p.failed }

// Held is how many bytes are in the pipe.
func (p *Pipe) Held() int { return p.held }

// Fill waits until src has something, moves it into the empty pipe and says how much that was; io.EOF: src has ended.
// Nothing, without an error: the kernel can't do it, and the pipe has failed.
func (p *Pipe) Fill() (int, error) {
	if err := p.src.Read(p.fill); err != nil {
		return 0, err
	}
	switch {
	case errors.Is(p.err, unix.EINVAL) || errors.Is(p.err, unix.ENOSYS):
		p.failed = true
		return 0, nil
	case p.err != nil:
		return 0, os.NewSyscallError("splice", p.err)
	case p.moved == 0:
		return 0, io.EOF
	}
	p.held = p.moved
	return p.moved, nil
}

// Flush moves all that the pipe has to dst, and waits until it has taken it. On an error the rest is given up, and the
// pipe has failed.
func (p *Pipe) Flush() error {
	err := p.dst.Write(p.flush)
	if err == nil {
		err = p.err
	}
	if err != nil {
		p.failed, p.held = true, 0
	}
	return err
}

// Read takes bytes out again that have not been flushed.
func (p *Pipe) Read(into []byte) (int, error) {
	n, err := unix.Read(p.out, into)
	if err != nil {
		return 0, os.NewSyscallError("read pipe", err)
	}
	p.held -= n
	return n, nil
}

// fillFrom moves what a socket has into the pipe; false: it has nothing yet.
func (p *Pipe) fillFrom(fd uintptr) bool {
	for {
		n, err := unix.Splice(int(fd), nil, p.in, nil, pipeBytes, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		p.moved, p.err = int(n), err
		if err != unix.EINTR {
			return err != unix.EAGAIN
		}
	}
}

// flushTo moves what the pipe has to a socket; false: it takes no more yet.
func (p *Pipe) flushTo(fd uintptr) bool {
	for p.held > 0 {
		n, err := unix.Splice(p.out, nil, int(fd), nil, p.held, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		p.err = err
		switch {
		case n > 0:
			p.held -= int(n)
			p.flushed(int(n))
		case err == unix.EAGAIN:
			return false
		case err != unix.EINTR:
			return true
		}
	}
	return true
}

// Close gives the pipe's descriptors back. Nothing can be done about an error.
func (p *Pipe) Close() {
	if p == nil {
		return
	}
	_ = unix.Close(p.in)
	_ = unix.Close(p.out)
}
