//go:build unix

// Package family is processes that this one starts, each with all that it starts in turn: they die with this one, and are
// found, stopped, let go on, killed and counted together. It knows no node and no run.
package family

import (
	"errors"
	"os/exec"
	"sync"
)

// Spawner starts processes from one thread that lives as long as it: on Linux the kernel kills a child when the thread that
// started it ends, which must not be before its time.
type Spawner struct {
	starts     chan func()
	quit, done chan struct{}
	once       sync.Once
}

// NewSpawner makes a spawner, whose owner closes it.
func NewSpawner() *Spawner {
	s := &Spawner{starts: make(chan func()), quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		lockThread()
		for {
			select {
			case start := <-s.starts:
				start()
			case <-s.quit:
				return
			}
		}
	}()
	return s
}

// ErrClosed is the answer of a spawner that was closed.
var ErrClosed = errors.New("nothing is started any more")

// Start starts a command, whose attributes are Attributes' for it to die with this process.
func (s *Spawner) Start(c *exec.Cmd) error {
	result := make(chan error, 1)
	select {
	case s.starts <- func() { result <- c.Start() }:
		return <-result
	case <-s.quit:
		return ErrClosed
	}
}

// Close ends the thread, and on Linux all that it has started, and waits for it. It may be called twice.
func (s *Spawner) Close() {
	s.once.Do(func() { close(s.quit) })
	<-s.done
}
