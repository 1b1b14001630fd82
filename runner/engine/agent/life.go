package agent

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/runner/engine/family"
	"github.com/squallhq/squall/runner/engine/health"
)

// life is one incarnation of the instance.
type life struct {
	agent  *agent
	number int64
	cmd    *exec.Cmd
	// stdin is a built-in node's: it ends when that does.
	stdin io.WriteCloser
	began time.Time
	// log is where its words begin there, ooms what the kernel had killed for want of memory by then.
	log  int64
	ooms atomic.Int64
	// copying are the goroutines that take what it says.
	copying sync.WaitGroup
	tests   health.Tests
	// asked tells that its end is an order's.
	asked atomic.Bool
	// ended is closed when all of it has ended and all its words are in the log; exit says how.
	ended chan struct{}
	exit  Exit

	standing family.Standing
}

// startWithin is how long a built-in node may take to say where it listens, where the order does not say.
const startWithin = 30 * time.Second

// start begins an incarnation. That of a built-in node has said where it listens when this returns.
func (a *agent) start(ctx context.Context, order Start) (Done, error) {
	a.mu.Lock()
	switch {
	case a.ending:
		a.mu.Unlock()
		return Done{}, ErrEnding
	case a.busy, a.life != nil && !a.life.over():
		a.mu.Unlock()
		return Done{}, ErrRunning
	}
	if order.Config == nil {
		order.Config = a.told.Config
	}
	if order.Config == nil && len(a.config.Program) == 0 {
		a.mu.Unlock()
		return Done{}, fmt.Errorf("start %q: %w: a built-in node needs a configuration, and none was given", a.config.Instance, errInvalid)
	}
	a.busy, a.told = true, order
	a.count++
	l := &life{agent: a, number: a.count, ended: make(chan struct{}), log: a.log.size()}
	l.ooms.Store(a.group.ooms())
	a.mu.Unlock()
	said, err := l.begin(ctx, order)
	a.mu.Lock()
	a.busy = false
	a.mu.Unlock()
	if err != nil {
		return Done{}, fmt.Errorf("start %q: %w", a.config.Instance, err)
	}
	return Done{At: l.began, Incarnation: l.number, Said: said}, nil
}

// begin starts the process and takes it for the present one.
func (l *life) begin(ctx context.Context, order Start) (json.RawMessage, error) {
	builtin := len(l.agent.config.Program) == 0
	out, err := l.command(builtin)
	if err != nil {
		return nil, err
	}
	err = l.agent.spawn(l.cmd)
	_ = l.cmd.Stderr.(*os.File).Close() // the process has its own
	if w, is := l.cmd.Stdout.(*os.File); is {
		_ = w.Close()
	}
	if err != nil {
		for _, r := range out {
			_ = r.Close()
		}
		return nil, err
	}
	l.began = time.Now()
	l.tests.Began, l.tests.Run = l.began, l.agent.run
	l.agent.mu.Lock()
	l.agent.life = l
	l.agent.mu.Unlock()
	l.agent.events.add(Event{At: l.began, Incarnation: l.number, Kind: Begins, Log: l.log})
	line := make(chan []byte, 1)
	for n, r := range out {
		l.copying.Go(func() { l.copy(r, builtin && n == 0, line) })
	}
	go l.attend()
	go l.lookOut()
	if !builtin {
		return nil, nil
	}
	return l.greet(ctx, order, line)
}

// command makes its process: what it says comes out of the files that are returned, a built-in node's first words out of the first.
func (l *life) command(builtin bool) (out []*os.File, err error) {
	a := l.agent
	words := []string{a.exe, "node", "--config", "-"}
	if !builtin {
		words = a.config.Program
	}
	l.cmd = exec.Command(words[0], words[1:]...)
	l.cmd.Dir, l.cmd.Env, l.cmd.SysProcAttr = a.config.Dir, append(os.Environ(), a.config.Env...), family.Attributes()
	pipe := func() (w *os.File, err error) {
		r, w, err := os.Pipe()
		if err == nil {
			out = append(out, r)
		}
		return w, err
	}
	if builtin {
		if l.stdin, err = l.cmd.StdinPipe(); err != nil {
			return nil, err
		}
		w, err := pipe()
		if err != nil {
			return nil, err
		}
		l.cmd.Stdout = w
	}
	w, err := pipe()
	if err != nil {
		return nil, err
	}
	l.cmd.Stderr = w
	if !builtin {
		l.cmd.Stdout = w // in the order in which it says it
	}
	return out, nil
}

// copy takes what it says into the log, but for the first line of what greets.
func (l *life) copy(from *os.File, greets bool, line chan<- []byte) {
	defer func() { _ = from.Close() }()
	r := io.Reader(from)
	if greets {
		buffered := bufio.NewReader(from)
		first, err := buffered.ReadBytes('\n')
		if err != nil {
			_, _ = l.agent.log.Write(first)
			close(line)
			return
		}
		line <- first
		r = buffered
	}
	_, _ = io.Copy(l.agent.log, r) // ends with the last who has it open
}

// greet tells a built-in node its configuration, and waits until it says where it listens. One that does not is gone when this returns.
func (l *life) greet(ctx context.Context, order Start, line <-chan []byte) (said json.RawMessage, err error) {
	within := order.Within
	if within == 0 {
		within = startWithin
	}
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("it did not say where it listens within %s", within))
	defer cancel()
	_, err = l.stdin.Write(append(slices.Clone(order.Config), '\n'))
	if err == nil {
		select {
		case first, is := <-line:
			switch {
			case !is:
				err = l.early(ctx)
			case !json.Valid(first):
				err = fmt.Errorf("it said %.100q and not where it listens", first)
			default:
				return json.RawMessage(first), nil
			}
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	l.kill()
	if l.exit.Words != "" {
		err = fmt.Errorf("%w; its log ends with: %s", err, l.exit.Words)
	}
	return nil, err
}

// early is the error of a built-in node that said nothing and will say nothing.
func (l *life) early(ctx context.Context) error {
	select {
	case <-l.ended:
		return fmt.Errorf("it ended before it said where it listens: %s", l.exit.how())
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// attend waits for the end of its first process, and ends what that has left, as a container does.
func (l *life) attend() {
	_ = l.cmd.Wait() // how it ended its state says
	at := time.Now()
	l.agent.waited(l.cmd)
	if l.stdin != nil {
		_ = l.stdin.Close()
	}
	family.Kill(l.agent.members)
	l.copying.Wait()
	l.agent.reap()
	l.exit = Exit{At: at, Code: l.cmd.ProcessState.ExitCode(), Asked: l.asked.Load(), Words: l.agent.log.words(l.log)}
	if status, is := l.cmd.ProcessState.Sys().(syscall.WaitStatus); is && status.Signaled() {
		l.exit.Signal = unix.SignalName(status.Signal())
		if status.Signal() == syscall.SIGKILL && !l.exit.Asked && l.agent.group.ooms() > l.ooms.Load() {
			l.exit.Starved = l.agent.group.starved()
		}
	}
	exit := l.exit
	close(l.ended)
	l.agent.events.add(Event{At: at, Incarnation: l.number, Kind: Ends, Exit: &exit})
}

// over tells that it has ended.
func (l *life) over() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// how is an end in words.
func (e Exit) how() string {
	switch {
	case e.Starved != nil && e.Starved.Limit != nil:
		return fmt.Sprintf("out of memory: it used more than its limit of %d MB", *e.Starved.Limit>>20)
	case e.Starved != nil:
		return "out of memory"
	case e.Signal != "":
		return "ended by " + e.Signal
	}
	return fmt.Sprintf("exit code %d", e.Code)
}

const (
	// lookEvery is how often it is looked whether somebody else has stopped it, starveEvery whether the kernel has killed something of it.
	lookEvery   = 20 * time.Millisecond
	starveEvery = 10 * lookEvery
)

// lookOut tells when somebody else stops it or lets it go on, and when something of it that is not its first process is killed for want of
// memory, until it has ended.
func (l *life) lookOut() {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	starved, before := time.Now(), int64(0)
	for {
		select {
		case <-l.ended:
			return
		case <-look.C:
		}
		l.lookStopped()
		if time.Since(starved) < starveEvery {
			continue
		}
		starved = time.Now()
		if _, known := family.Stopped(l.cmd.Process.Pid); !known {
			continue // it is ending, and its end says how
		}
		now := l.agent.group.ooms()
		// What is killed ends some ms after it was counted: one that is counted newly may be the first process.
		if now > l.ooms.Load() && now == before {
			l.ooms.Store(now)
			l.agent.events.add(Event{Incarnation: l.number, Kind: Starves, Starved: l.agent.group.starved()})
		}
		before = now
	}
}

func (l *life) lookStopped() {
	is, changed := l.standing.Look(l.cmd.Process.Pid)
	if !changed {
		return
	}
	kind := GoesOn
	if is {
		kind = Stops
	}
	l.agent.events.add(Event{Incarnation: l.number, Kind: kind})
}
