//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package keys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// mode is a terminal that hands out single keys and echoes none; Ctrl-C, Ctrl-Z and Ctrl-\ stay the signals that they are. It is so only while this
// program is in the terminal's foreground: in the background it belongs to the shell, and setting it would stop the program.
type mode struct {
	fd      int
	signals chan os.Signal

	mu sync.Mutex
	// was is how the terminal is to be when it is given back; nil: it was not touched.
	was *unix.Termios
	// stopping: the program is about to be stopped; left: it has been given back for good.
	stopping, left bool
}

// present is the one terminal whose mode is changed now, for ways out that pass no deferred call.
var present atomic.Pointer[mode]

// Restore gives the terminal back as it was, for good: before the process ends in the middle of a run.
func Restore() {
	if m := present.Load(); m != nil {
		m.leave()
	}
}

func newMode(fd int) (*mode, error) {
	if _, err := unix.IoctlGetTermios(fd, getMode); err != nil {
		return nil, fmt.Errorf("read the terminal's settings: %w", err)
	}
	m := &mode{fd: fd, signals: make(chan os.Signal, 2)}
	present.Store(m)
	if !signal.Ignored(syscall.SIGTSTP) {
		signal.Notify(m.signals, syscall.SIGTSTP)
	}
	if !signal.Ignored(syscall.SIGQUIT) {
		signal.Notify(m.signals, syscall.SIGQUIT)
	}
	go m.signalled()
	return m, nil
}

// signalled gives the terminal back before a signal does what it does without this: Ctrl-Z stops the program, Ctrl-\ ends it.
func (m *mode) signalled() {
	for s := range m.signals {
		m.mu.Lock()
		m.stopping = true
		m.giveBack()
		m.mu.Unlock()
		switch {
		case s == syscall.SIGQUIT:
			signal.Reset(s)
			_ = syscall.Kill(os.Getpid(), syscall.SIGQUIT)
		case continuable(): // a signal that was taken once is not the system's again: SIGTSTP would do nothing
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		}
		time.Sleep(stopTime) // it is stopped in here
		m.mu.Lock()
		m.stopping = false
		m.mu.Unlock()
	}
}

// continuable tells whether a shell is there that could continue this program: without one the system lets Ctrl-Z stop nothing.
func continuable() bool {
	session, err := unix.Getsid(0)
	if err != nil || session == unix.Getpgrp() {
		return false
	}
	above, err := unix.Getsid(os.Getppid())
	return err == nil && above == session
}

// stopTime is ample for a signal to itself to arrive.
const stopTime = 100 * time.Millisecond

// read waits for keys for a while; none are 0 and no error. io.EOF is a terminal that is gone.
func (m *mode) read(into []byte, wait time.Duration) (int, error) {
	mine, err := m.take()
	if err != nil {
		return 0, err
	}
	if !mine {
		time.Sleep(wait)
		return 0, nil
	}
	polled := []unix.PollFd{{Fd: int32(m.fd), Events: unix.POLLIN}}
	switch n, err := unix.Poll(polled, int(wait.Milliseconds())); {
	case errors.Is(err, unix.EINTR) || err == nil && n == 0:
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("wait for keys: %w", err)
	}
	m.mu.Lock() // not while the terminal is given back: a line that is typed for the shell is the shell's
	defer m.mu.Unlock()
	if m.left || m.stopping || !m.foreground() {
		return 0, nil
	}
	n, err := unix.Read(m.fd, into)
	switch {
	case errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN):
		return 0, nil
	case errors.Is(err, unix.EIO) || err == nil && n == 0 && polled[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0:
		return 0, io.EOF
	case err != nil:
		return 0, fmt.Errorf("read keys: %w", err)
	}
	return n, nil
}

// take has the terminal hand out keys where it is this program's now, and says whether it is; a shell that had it in between left it as it likes it.
func (m *mode) take() (mine bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left || m.stopping || !m.foreground() {
		return false, nil
	}
	now, err := unix.IoctlGetTermios(m.fd, getMode)
	if errors.Is(err, unix.EIO) || errors.Is(err, unix.ENXIO) {
		return false, io.EOF
	}
	if err != nil {
		return false, fmt.Errorf("read the terminal's settings: %w", err)
	}
	if now.Lflag&(unix.ICANON|unix.ECHO) == 0 {
		return true, nil
	}
	was := *now
	now.Lflag &^= unix.ICANON | unix.ECHO
	now.Cc[unix.VMIN], now.Cc[unix.VTIME] = 0, 0 // a read never waits: the lock is held in it
	if err := unix.IoctlSetTermios(m.fd, setMode, now); err != nil {
		return false, fmt.Errorf("set the terminal's mode: %w", err)
	}
	m.was = &was
	return true, nil
}

// leave gives the terminal back for good. It may be called more than once.
func (m *mode) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left {
		return
	}
	m.left = true
	m.giveBack()
	signal.Stop(m.signals)
	present.CompareAndSwap(m, nil)
}

// giveBack sets the terminal as it was found; the lock is held.
func (m *mode) giveBack() {
	if m.was != nil && m.foreground() {
		_ = unix.IoctlSetTermios(m.fd, setMode, m.was) // where this fails the terminal is gone
		m.was = nil
	}
}

// foreground tells whether the terminal is this program's now.
func (m *mode) foreground() bool {
	group, err := unix.IoctlGetInt(m.fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp() // not its controlling terminal: no shell's either
}
