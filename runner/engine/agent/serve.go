package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

const (
	// shutdownTimeout bounds how long calls that are under way may still take when an agent ends.
	shutdownTimeout = 500 * time.Millisecond
	// idleTimeout ends connections that nobody uses.
	idleTimeout = 5 * time.Minute
	// orderTimeout bounds reading one order.
	orderTimeout = 30 * time.Second
)

// forwarded are the signals that are the instance's: those that end a program end the agent, and with it the instance.
var forwarded = []os.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGWINCH, syscall.SIGQUIT}

// Addresses are where an agent listens: Control, as Config says it, with the port that was taken.
type Addresses struct {
	Control string `json:"control"`
}

// Serve stands beside an instance until ctx ends, or the agent is asked to end (SIGTERM, SIGINT): then what runs is asked to end, too, and
// killed when its grace is over. It calls started once, when it listens, with where that is. What the instance says goes to echo as well.
// code is how the instance has ended, as a shell tells it; 0 where it never began.
func Serve(ctx context.Context, c Config, echo io.Writer, started func(Addresses)) (code int, err error) {
	a, err := newAgent(c, echo)
	if err != nil {
		return 0, err
	}
	listener, err := listen(ctx, c)
	if err != nil {
		a.spawner.Close()
		return 0, fmt.Errorf("agent: %w", err)
	}
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	var tasks sync.WaitGroup
	heard, deaf := context.WithCancel(context.WithoutCancel(ctx))
	tasks.Go(func() { a.hear(heard) })

	server := &http.Server{Handler: a.handler(), ReadHeaderTimeout: orderTimeout, ReadTimeout: orderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: 64 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	started(Addresses{address(c, listener)})
	select {
	case <-ctx.Done():
	case err = <-served:
		err = fmt.Errorf("serve the agent's control: %w", err)
	}
	a.end(context.WithoutCancel(ctx))
	down, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if server.Shutdown(down) != nil {
		_ = server.Close() // who waits for events is told by the end of its connection
	}
	deaf()
	tasks.Wait()
	if l := a.current(); l != nil {
		code = l.exit.shell()
	}
	return code, err
}

// listen listens where the agent is told. A socket of before is taken away: one agent alone has its folder.
func listen(ctx context.Context, c Config) (net.Listener, error) {
	network, at := c.network()
	if network == "unix" {
		if err := os.Remove(at); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, network, at)
	if err == nil && network == "unix" {
		err = os.Chmod(at, 0o600)
	}
	return listener, err
}

func address(c Config, l net.Listener) string {
	if network, _ := c.network(); network == "unix" {
		return c.Control
	}
	return l.Addr().String()
}

// hear hands signals on to the instance, and reaps orphans, until ctx ends.
func (a *agent) hear(ctx context.Context) {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, forwarded...)
	defer signal.Stop(signals)
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	defer signal.Stop(children)
	for {
		select {
		case <-ctx.Done():
			return
		case <-children:
			a.reap()
		case s := <-signals:
			if l, err := a.running(); err == nil {
				_ = l.cmd.Process.Signal(s) // an error: it has ended
			}
		}
	}
}

// shell is an exit as a shell tells it.
func (e Exit) shell() int {
	if e.Code < 0 {
		return 128 + signalNumber(e.Signal)
	}
	return e.Code
}
