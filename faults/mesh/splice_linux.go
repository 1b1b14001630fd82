package mesh

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pipe is a kernel pipe through which a direction's bulk goes from socket to socket without being
// copied to user space. Bytes that are in it when a fault comes on are taken out again and meet it.
type pipe struct {
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

// splice carries bulk through the kernel until less than a buffer's worth comes at once or a fault
// comes on. It returns what ended src, nil while that goes on.
func (d *direction) splice() error {
	p := d.bulk()
	if p == nil {
		return nil
	}
	for d.awaitRoom() {
		if err := p.src.Read(p.fill); err != nil {
			return err
		}
		switch {
		case errors.Is(p.err, unix.EINVAL) || errors.Is(p.err, unix.ENOSYS):
			p.failed = true
			return nil
		case p.err != nil:
			return os.NewSyscallError("splice", p.err)
		case p.moved == 0:
			return io.EOF
		}
		p.held = p.moved
		more := p.moved >= bufferBytes
		if err := d.spliced(p); err != nil || !more {
			return err
		}
	}
	return net.ErrClosed
}

// bulk is the direction's pipe, nil where it can have none.
func (d *direction) bulk() *pipe {
	if d.pipe != nil {
		if d.pipe.failed {
			return nil
		}
		return d.pipe
	}
	src, from := d.src.(*net.TCPConn)
	dst, to := d.dst.(*net.TCPConn)
	if !from || !to {
		return nil
	}
	rawSrc, err := src.SyscallConn()
	if err != nil {
		return nil
	}
	rawDst, err := dst.SyscallConn()
	if err != nil {
		return nil
	}
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil // no descriptor is left: copying works without
	}
	p := &pipe{in: fds[1], out: fds[0], src: rawSrc, dst: rawDst, flushed: func(n int) { d.link.delivered(d.up, n) }}
	p.fill, p.flush = p.fillFrom, p.flushTo
	d.pipe = p
	return p
}

// fillFrom moves what a socket has into the pipe; false: it has nothing yet.
func (p *pipe) fillFrom(fd uintptr) bool {
	for {
		n, err := unix.Splice(int(fd), nil, p.in, nil, pipeBytes, unix.SPLICE_F_MOVE|unix.SPLICE_F_NONBLOCK)
		p.moved, p.err = int(n), err
		if err != unix.EINTR {
			return err != unix.EAGAIN
		}
	}
}

// flushTo moves what the pipe has to a socket; false: it takes no more yet.
func (p *pipe) flushTo(fd uintptr) bool {
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

// spliced passes on what is in the pipe: to dst, or to the stages if there are any now.
func (d *direction) spliced(p *pipe) error {
	request := d.link.spoke(d.up)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clear() && !d.dead {
		d.unlocked(func() {
			d.link.delivering(d.up)
			err := p.dst.Write(p.flush)
			if err != nil || p.err != nil {
				p.discard()
				d.fail()
			}
		})
		return nil
	}
	for p.held > 0 {
		data := make([]byte, min(p.held, bufferBytes))
		n, err := unix.Read(p.out, data)
		if err != nil {
			return os.NewSyscallError("read pipe", err)
		}
		p.held -= n
		if d.dead {
			d.thrown += n
		} else {
			d.push(piece{data: data[:n], at: time.Now(), request: request})
		}
	}
	return nil
}

// discard gives up a pipe that has bytes in it which nobody wants.
func (p *pipe) discard() {
	p.failed = true
	p.held = 0
}

// close gives the pipe's descriptors back. Nothing can be done about an error.
func (p *pipe) close() {
	if p == nil {
		return
	}
	_ = unix.Close(p.in)
	_ = unix.Close(p.out)
}
