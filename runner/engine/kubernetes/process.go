package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/agent"
	"github.com/squallhq/squall/runner/wire"
)

// process is one incarnation of an instance.
type process struct {
	*pod
	number int64
	once   sync.Once
	ended  chan struct{}
	err    error
	words  string
	// stopped is how its stop went; nil: there was none, or nobody has told.
	stopped *engine.Stopped
}

var (
	_ engine.Process       = (*process)(nil)
	_ engine.Attended      = (*process)(nil)
	_ engine.Pauser        = (*process)(nil)
	_ engine.Limiter       = (*process)(nil)
	_ engine.MemoryLimiter = (*process)(nil)
	_ engine.Resolver      = (*process)(nil)
	_ engine.Meter         = (*process)(nil)
	_ engine.Logged        = (*process)(nil)
	_ engine.Ending        = (*process)(nil)
)

// start begins an incarnation.
func (p *pod) start(ctx context.Context, placed engine.Placed) (*process, error) {
	if err := errors.Join(p.setCores(ctx, placed.CPUs), p.setMemory(ctx, placed.Memory)); err != nil {
		return nil, err
	}
	var order agent.Start
	if !placed.Image() {
		data, err := json.Marshal(placed.Config)
		if err != nil {
			return nil, err
		}
		order.Config = data
	}
	done, err := p.agent.Start(ctx, order)
	if err != nil {
		return nil, err
	}
	return p.life(done.Incarnation), nil
}

// life is an incarnation by its number, whoever hears of it first.
func (p *pod) life(number int64) *process {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.lives[number]
	if one == nil {
		one = &process{pod: p, number: number, ended: make(chan struct{})}
		p.lives[number] = one
	}
	return one
}

// end takes the word that it has ended, once.
func (k *process) end(how error) {
	k.once.Do(func() {
		k.err = how
		close(k.ended)
	})
}

// Addresses are the pod's.
func (k *process) Addresses() wire.Addresses {
	return wire.Addresses{Listen: k.at(k.place.Serves), Admin: k.at(k.place.Admin)}
}

// Done is closed when the agent, or the cluster, has told of its end; Err says how then.
func (k *process) Done() <-chan struct{} { return k.ended }

// Err is how it ended.
func (k *process) Err() error { return k.err }

// LastWords are the last lines of its log, and where that is.
func (k *process) LastWords() string {
	where := "; its log is " + k.logFile()
	if k.words != "" {
		return where + ", which ends with: " + k.words
	}
	return where
}

// Kill ends it at once.
func (k *process) Kill(ctx context.Context) error {
	if _, err := k.agent.Kill(ctx, agent.When{}); err != nil && !errors.Is(err, agent.ErrNotRunning) {
		return k.orGone(err)
	}
	return nil
}

// Stop asks it to end.
func (k *process) Stop(ctx context.Context, grace time.Duration) error {
	done, err := k.agent.Stop(ctx, agent.When{Grace: grace})
	switch {
	case errors.Is(err, agent.ErrNotRunning):
	case err != nil:
		return k.orGone(err)
	case !done.Asked.IsZero():
		k.stopped = &engine.Stopped{Took: max(0, done.At.Sub(done.Asked)), Killed: done.Killed}
	}
	return nil
}

// Stopped is how its stop went, as the agent has measured it.
func (k *process) Stopped() (engine.Stopped, bool) {
	if k.stopped == nil {
		return engine.Stopped{}, false
	}
	return *k.stopped, true
}

// orGone is nil where the incarnation has ended with its agent, which then can't be asked.
func (k *process) orGone(err error) error {
	select {
	case <-k.ended:
		return nil
	default:
		return err
	}
}

// Pause stops it in its tracks.
func (k *process) Pause(ctx context.Context) error {
	_, err := k.agent.Pause(ctx, agent.When{})
	return err
}

// Resume lets it go on.
func (k *process) Resume(ctx context.Context) error {
	_, err := k.agent.Resume(ctx, agent.When{})
	return err
}

// CPU is what the agent counts.
func (k *process) CPU(ctx context.Context) (time.Duration, bool) {
	state, err := k.agent.State(ctx)
	if err != nil || state.Incarnation != k.number || state.Phase == agent.Ended {
		return 0, false
	}
	return state.CPU, true
}

// AwaitHealth has the agent wait, which is beside it.
func (k *process) AwaitHealth(ctx context.Context) error {
	look := agent.Look{
		Node:    k.place.Instance.Node,
		Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(k.place.Serves)), Admin: net.JoinHostPort("127.0.0.1", strconv.Itoa(k.place.Admin)),
	}
	err := k.agent.AwaitHealth(ctx, look)
	if !errors.Is(err, agent.ErrNotRunning) {
		return err
	}
	select { // what the agent knows its events tell soon
	case <-k.ended:
	case <-time.After(askTimeout):
	case <-ctx.Done():
	}
	return err
}

// Resolve has names looked up so by an image.
func (k *process) Resolve(ctx context.Context, to map[string]faults.NameLookup) error {
	if !k.place.Resolves {
		return errors.New("it was launched with names of its own, since its plan has no dns fault for it")
	}
	return k.mesh.SetLookups(ctx, resolver, to)
}

// Resolved is how many of its lookups were answered so.
func (k *process) Resolved(ctx context.Context) (int64, error) { return k.mesh.Lookups(ctx, resolver) }

// ending is how an incarnation has ended, as engines tell it; nil: well.
func ending(e *agent.Exit) error {
	switch {
	case e.Starved != nil:
		s := &engine.Starved{At: e.At}
		if e.Starved.Limit != nil {
			s.Limit = *e.Starved.Limit
		}
		return s
	case e.Signal != "" && !e.Asked && !ownDoing[e.Signal]:
		return &engine.Outside{Door: signalDoor, What: e.Signal, At: e.At}
	case e.Signal != "":
		return fmt.Errorf("signal %s", e.Signal)
	case e.Code != 0:
		return fmt.Errorf("exit status %d", e.Code)
	}
	return nil
}

// signalDoor is the door of signals that others send.
const signalDoor = "signal"

// ownDoing are the signals that a program raises by its own doing.
var ownDoing = map[string]bool{
	"SIGABRT": true, "SIGBUS": true, "SIGFPE": true, "SIGILL": true, "SIGPIPE": true, "SIGSEGV": true, "SIGSYS": true, "SIGTRAP": true,
}
