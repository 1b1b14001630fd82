package docker

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/events"
	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/runner/engine"
)

// engineDoor is the door of what others do to containers. hostDoor is that of what the container engine did not see being done: a signal to
// the container's process.
const (
	engineDoor = "container engine"
	hostDoor   = "signal"
)

// acts tell what we have asked the engine to do to a container from what others do: each is noted before the engine is asked, and
// taken off when the engine tells of it.
type acts struct {
	mu   sync.Mutex
	asks map[events.Action]int
	// ending: we are ending this incarnation, with as many signals as that takes.
	ending bool
	// signal is the last one that somebody else has sent to this incarnation.
	signal string
	// last is the engine's word of our last pause or of its end, before that of the one before; half is an echo whose other half is waited for.
	before, last events.Message
	half         *echo
	// frozen: somebody else has paused it, and nobody has let it go on since.
	frozen bool
}

// ask has the engine do something, and notes it before; what the engine refuses it will not tell of.
func (a *acts) ask(action events.Action, do func() error) error {
	a.add(action, 1)
	err := do()
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) { // it may do that all the same
		a.add(action, -1)
	}
	return err
}

func (a *acts) add(action events.Action, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asks == nil {
		a.asks = map[events.Action]int{}
	}
	a.asks[action] = max(a.asks[action]+n, 0)
}

// end notes that this incarnation is to end.
func (a *acts) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ending = true
}

// take is what somebody else has done, in words, and by which door; "": it was us, or, of an end, nobody.
func (a *acts) take(m events.Message) (what, door string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch m.Action {
	case events.ActionKill:
		if a.ending || a.ours(m.Action) {
			return "", ""
		}
		a.signal = signalled(m)
		return a.signal, engineDoor
	case events.ActionDie:
		by, ours := a.signal, a.ending
		a.ending, a.signal = false, ""
		switch {
		case ours:
			return "", ""
		case by == "" && m.Actor.Attributes["exitCode"] == exitKilled:
			return unix.SignalName(syscall.SIGKILL), hostDoor // nobody sends that to himself
		}
		return by, engineDoor
	}
	if a.ours(m.Action) {
		a.own(m)
		return "", ""
	}
	a.frozen = m.Action == events.ActionPause || a.frozen && m.Action != events.ActionUnPause
	return words[m.Action], engineDoor
}

// asked tells whether it was us that something was done for, once for each time that we asked.
func (a *acts) asked(action events.Action) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ours(action)
}

// ours is asked, with the lock held.
func (a *acts) ours(action events.Action) bool {
	if a.asks[action] == 0 {
		return false
	}
	a.asks[action]--
	return true
}

// exitKilled is the exit code of a container whose process SIGKILL has ended.
const exitKilled = "137"

// words are what others do.
var words = map[events.Action]string{
	events.ActionStart: "started", events.ActionPause: "paused", events.ActionUnPause: "unpaused", events.ActionUpdate: "limits updated",
}

func signalled(m events.Message) string {
	number, err := strconv.Atoi(m.Actor.Attributes["signal"])
	if err != nil || number == 0 {
		return "killed"
	}
	return unix.SignalName(syscall.Signal(number))
}

// since is what a container does since somebody has done something to it.
func since(m events.Message) engine.State {
	switch m.Action {
	case events.ActionPause:
		return engine.Still
	case events.ActionUnPause, events.ActionStart:
		return engine.Running
	case events.ActionKill:
		switch signalled(m) {
		case "SIGSTOP":
			return engine.Still
		case "SIGCONT":
			return engine.Running
		}
	}
	return ""
}

const (
	// echoAfter is how long after we have paused a container, or let it go on, its engine may still be handling what we did before that.
	echoAfter = 5 * time.Second
	// echoWithin is how long after the first half of an echo its other half is told.
	echoWithin = time.Second
)

// echo is one half of what a container engine on a busy machine tells twice. Docker marks a container as paused when it was asked to, and once
// more when containerd has told it of that; where a container was let go on and paused again before that word came, docker takes the first
// for news, marks the container as running and says so, takes the second for news too, and says that it was paused. Nothing has been done.
type echo struct {
	action events.Action
	gone   chan struct{} // closed when its other half was told
}

// opposite of pausing is letting go on; of all else nothing.
var opposite = map[events.Action]events.Action{events.ActionPause: events.ActionUnPause, events.ActionUnPause: events.ActionPause}

// own notes that the engine has told of a pause of ours, or of its end.
func (a *acts) own(m events.Message) {
	if opposite[m.Action] != "" {
		a.before, a.last = a.last, m
	}
}

// thawed tells once whether our letting it go on has taken back what somebody else did. A SIGSTOP stays.
func (a *acts) thawed() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	was := a.frozen
	a.frozen = false
	return was
}

// echoed tells of a pause that nobody of us has asked for, or of its end, whether it is one half of an echo: of the first it may be, and half is
// what to wait for; of the second it is. An echo is of two deeds of ours, of which the first is of the sort that it is told of.
func (a *acts) echoed(m events.Message) (half *echo, is bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.half != nil && a.half.action == opposite[m.Action] {
		close(a.half.gone)
		a.half = nil
		return nil, true
	}
	if a.last.Action != opposite[m.Action] || a.before.Action != m.Action || m.TimeNano-a.last.TimeNano > echoAfter.Nanoseconds() {
		return nil, false
	}
	a.half = &echo{action: m.Action, gone: make(chan struct{})}
	return a.half, true
}

// alone ends the wait for the other half of an echo: false, where it was told.
func (a *acts) alone(half *echo) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.half != half {
		return false
	}
	a.half = nil
	return true
}

// noticeUnlessEchoed tells of what somebody has done, once it is known to be no echo.
func (t *testbed) noticeUnlessEchoed(ctx context.Context, c *acts, m events.Message, n engine.Notice) {
	half, is := c.echoed(m)
	switch {
	case !is:
		t.Notice(n)
	case half != nil:
		t.owned.Go(func() {
			select {
			case <-half.gone:
			case <-ctx.Done():
			case <-time.After(echoWithin):
			}
			if c.alone(half) {
				t.Notice(n)
			}
		})
	}
}
