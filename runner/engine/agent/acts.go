package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/runner/engine/family"
)

// kill ends all of it at once, also what stands still, and returns when it has ended.
func (l *life) kill() {
	l.asked.Store(true)
	_ = l.cmd.Process.Kill() // an error: it has ended
	<-l.ended                // with all that it had started
}

// done is the answer of an order that has ended it.
func (l *life) done() Done { return Done{At: l.exit.At, Incarnation: l.number} }

// kill ends the instance at its time, as kill -9 does. One that has ended already is no error.
func (a *agent) kill(ctx context.Context, w When) (Done, error) {
	if err := waitUntil(ctx, w.At); err != nil {
		return Done{}, err
	}
	l := a.current()
	if l == nil {
		return Done{}, ErrNotRunning
	}
	l.kill()
	return l.done(), nil
}

// stop asks its first process to end (SIGTERM), and kills all of it when grace is over, or nobody waits any more. What stands still can
// finish nothing, and is killed.
func (a *agent) stop(ctx context.Context, w When) (Done, error) {
	if err := waitUntil(ctx, w.At); err != nil {
		return Done{}, err
	}
	l := a.current()
	if l == nil {
		return Done{}, ErrNotRunning
	}
	l.asked.Store(true)
	l.standing.Lock()
	stopped := l.standing.Stopped
	l.standing.Unlock()
	asked := time.Now()
	if !stopped {
		_ = l.cmd.Process.Signal(syscall.SIGTERM) // an error: it has ended
		over := time.NewTimer(w.Grace)
		defer over.Stop()
		select {
		case <-l.ended:
			done := l.done()
			done.Asked = asked
			return done, nil
		case <-over.C:
		case <-ctx.Done():
		}
	}
	l.kill()
	done := l.done()
	done.Asked, done.Killed = asked, true
	return done, nil
}

// pause stops all of it, and returns when it stands still.
func (a *agent) pause(ctx context.Context, w When) (Done, error) {
	if err := waitUntil(ctx, w.At); err != nil {
		return Done{}, err
	}
	l, err := a.running()
	if err != nil {
		return Done{}, err
	}
	l.standing.Lock()
	defer l.standing.Unlock()
	_ = l.cmd.Process.Signal(syscall.SIGSTOP) // an error: it has ended, which the next lines tell
	if err := family.Stop(ctx, a.members); err != nil {
		return Done{}, fmt.Errorf("stop %q: %w", a.config.Instance, err)
	}
	if l.over() {
		return Done{}, ErrNotRunning
	}
	l.standing.Stopped = true
	return Done{At: time.Now(), Incarnation: l.number}, nil
}

// resume lets all of it go on.
func (a *agent) resume(ctx context.Context, w When) (Done, error) {
	if err := waitUntil(ctx, w.At); err != nil {
		return Done{}, err
	}
	l, err := a.running()
	if err != nil {
		return Done{}, err
	}
	l.standing.Lock()
	defer l.standing.Unlock()
	family.Continue(a.members())
	l.standing.Stopped = false
	return Done{At: time.Now(), Incarnation: l.number}, nil
}

// restart ends it and begins it anew after a delay, with what it was told. Once it is ended it begins anew whether anybody waits or not,
// so that nobody's absence leaves it down.
func (a *agent) restart(ctx context.Context, again Again) (Done, error) {
	end := a.kill
	if again.Softly {
		end = a.stop
	}
	ended, err := end(ctx, again.When)
	if err != nil {
		return Done{}, err
	}
	ctx = context.WithoutCancel(ctx)
	if err := waitUntil(ctx, ended.At.Add(again.Delay)); err != nil {
		return Done{}, err
	}
	done, err := a.start(ctx, Start{})
	done.Ended = ended.At
	return done, err
}

// signalled is an order to send a signal to the first process.
type signalled struct {
	When
	// Signal is its name, as in SIGHUP.
	Signal string `json:"signal"`
}

// signal sends a signal to the first process at its time.
func (a *agent) signal(ctx context.Context, s signalled) (Done, error) {
	number := unix.SignalNum(s.Signal)
	if number == 0 {
		return Done{}, fmt.Errorf("%w: there is no signal %q; use a name such as SIGHUP", errInvalid, s.Signal)
	}
	if err := waitUntil(ctx, s.At); err != nil {
		return Done{}, err
	}
	l, err := a.running()
	if err != nil {
		return Done{}, err
	}
	if err := l.cmd.Process.Signal(number); err != nil {
		return Done{}, ErrNotRunning
	}
	return Done{At: time.Now(), Incarnation: l.number}, nil
}

// errInvalid is an order that can't be carried out as it is given.
var errInvalid = errors.New("the order is wrong")

// Limits are what an instance may use: 0 is no limit.
type Limits struct {
	CPUs   *float64 `json:"cpus,omitempty"`
	Memory *int64   `json:"memory,omitempty"`
}

// limit holds it to limits, where the agent's own control group lets it.
func (a *agent) limit(_ context.Context, to Limits) (struct{}, error) {
	var errs []error
	if to.CPUs != nil {
		errs = append(errs, a.group.setCPUs(*to.CPUs))
	}
	if to.Memory != nil {
		errs = append(errs, a.group.setMemory(*to.Memory))
	}
	return struct{}{}, errors.Join(errs...)
}

// run runs a command as the instance does, and waits for its end.
func (a *agent) run(ctx context.Context, words []string, most time.Duration, late error) (string, error) {
	if len(words) == 0 {
		return "", fmt.Errorf("%w: it names no command", errInvalid)
	}
	c := exec.Command(words[0], words[1:]...)
	c.Dir, c.Env, c.SysProcAttr = a.config.Dir, append(os.Environ(), a.config.Env...), family.Attributes()
	said, err := family.Run(ctx, c, a.spawn, most, late)
	if c.Process != nil {
		a.waited(c)
	}
	return said, err
}
