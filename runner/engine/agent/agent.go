package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/squallhq/squall/internal/ask"
	"github.com/squallhq/squall/internal/sleep"
	"github.com/squallhq/squall/runner/engine/family"
)

// agent runs one instance.
type agent struct {
	config Config
	// exe is this binary, which is a built-in node too.
	exe     string
	spawner *family.Spawner
	log     *log
	events  *events
	group   group

	mu sync.Mutex
	// awaited are the children whose end somebody waits for: all others are orphans that fell to it.
	awaited map[int]bool
	orphans int64
	// life is the present incarnation, or the last one; nil before the first. count counts them, told is what the last one was told.
	life  *life
	count int64
	told  Start
	// busy tells that one is being started, ending that none will be any more.
	busy, ending bool
}

// Errors that whoever gives an order tells apart.
var (
	// ErrRunning is the answer to a start of what runs, ErrNotRunning to what can be done only to what runs.
	ErrRunning    = errors.New("it runs already")
	ErrNotRunning = errors.New("it does not run")
	// ErrEnding is the answer of an agent that is ending.
	ErrEnding = errors.New("the agent is ending")
)

func newAgent(c Config, echo io.Writer) (*agent, error) {
	var err error
	if c.Token, err = ask.TokenOf(c.Token, c.TokenFile); err == nil {
		err = c.validate()
	}
	if err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("agent: find the running program: %w", err)
	}
	a := &agent{config: c, exe: exe, log: newLog(echo), events: newEvents(), awaited: map[int]bool{}}
	if os.Getpid() != 1 { // orphans fall to process 1 by itself
		if err := family.Adopt(); err != nil {
			return nil, fmt.Errorf("agent: take in orphans: %w", err)
		}
	}
	a.spawner, a.group = family.NewSpawner(), findGroup()
	return a, nil
}

// members are all processes below it: what it runs, with all that this has started.
func (a *agent) members() family.Members {
	return family.Descendants(family.Relatives(), os.Getpid())
}

// spawn starts a command whose end is waited for. With the lock held nobody can take its exit code for an orphan's.
func (a *agent) spawn(c *exec.Cmd) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.spawner.Start(c)
	if err == nil {
		a.awaited[c.Process.Pid] = true
	}
	return err
}

// waited tells that a command's end was waited for, and reaps those that fell to the agent meanwhile.
func (a *agent) waited(c *exec.Cmd) {
	a.mu.Lock()
	delete(a.awaited, c.Process.Pid)
	a.mu.Unlock()
	a.reap()
}

// reap takes the exit codes of orphans that have ended: nobody else can.
func (a *agent) reap() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.orphans += int64(family.Reap(func(pid int) bool { return a.awaited[pid] }))
}

// current is the present incarnation, or the last one; nil before the first.
func (a *agent) current() *life {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.life
}

// running is the present incarnation.
func (a *agent) running() (*life, error) {
	l := a.current()
	if l == nil || l.over() {
		return nil, ErrNotRunning
	}
	return l, nil
}

// state is what there is now.
func (a *agent) state() State {
	a.mu.Lock()
	l, s := a.life, State{Phase: Idle, Orphans: a.orphans}
	a.mu.Unlock()
	s.CPULimit, s.MemoryLimit = a.group.cannot()
	if l == nil {
		return s
	}
	s.Incarnation, s.PID, s.Since, s.Phase = l.number, l.cmd.Process.Pid, l.began, Running
	if l.over() {
		exit := l.exit
		s.Phase, s.Exit, s.Since, s.PID = Ended, &exit, exit.At, 0
		return s
	}
	s.CPU = a.members().CPU()
	l.standing.Lock()
	defer l.standing.Unlock()
	if l.standing.Stopped {
		s.Phase = Paused
	}
	return s
}

// end asks what runs to end, kills it when its grace is over, and starts nothing any more.
func (a *agent) end(ctx context.Context) {
	a.mu.Lock()
	a.ending = true
	a.mu.Unlock()
	grace := a.config.Grace
	if grace == 0 {
		grace = DefaultGrace
	}
	_, _ = a.stop(ctx, When{Grace: grace}) // an error: nothing runs
	if l := a.current(); l != nil {
		<-l.ended
	}
	a.log.end()
	family.Kill(a.members) // commands that were run beside it
	a.spawner.Close()
}

// waitUntil waits for an order's time; an error: nobody waits for it any more.
func waitUntil(ctx context.Context, at time.Time) error {
	if wait := time.Until(at); wait > 0 {
		return sleep.For(ctx, wait)
	}
	return ctx.Err()
}
