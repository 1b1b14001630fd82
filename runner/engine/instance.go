package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/runner/engine/exposed"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// instance is one node through all its incarnations.
type instance struct {
	*system
	plan   topology.Instance
	place  Place
	client *http.Client
	// readings of its counters, and what it is told of its callees.
	readings, notices oneByOne

	// acts is held while something is done to it: faults on one instance take turns. It guards what follows.
	acts sync.Mutex
	wishes
	// told is what the present incarnation was told of them.
	told told
	// revival is what its restart policy has done.
	revival revival
	// names are how an image's resolver was told to look up names, which its restarts leave as it is.
	names map[string]faults.NameLookup
	// full are its volumes that were filled, as they were then; restarts leave them as they are.
	full map[string]*filled
	// stopped is how its last end went that it was asked for, and killed whether it was killed then; nil: that is not known.
	stopped *Stopped
	killed  *bool
	// shows is what is wrong with the certificate that it was given; restarts leave that as it is.
	shows authority.Flaw
	// moved: its next incarnation, and this one where it runs, are on another machine than its own.
	moved bool
	// down: it was ended; paused: it stands still; gone: the system was taken down.
	down, paused, gone bool

	mu sync.Mutex // guards what follows
	// process is the present incarnation, or the last one; nil before the first.
	process   Process
	addresses wire.Addresses
	// expected tells that somebody ends this incarnation, away that it is ended or stands still, so that nobody waits for its answer.
	expected, away bool
	// still: somebody else keeps it from running. watched is closed when this incarnation's end is told.
	still    bool
	watched  chan struct{}
	restarts int
	// before is what earlier incarnations had counted, last what this one had when it was last asked.
	before, last runner.NodeCounters
	// readAt is when the last reading of this incarnation that was answered began; zero: none was.
	readAt time.Time
	// asked numbers the readings, answered is the latest one that is done: an earlier one that ends after it is stale.
	asked    atomic.Int64
	answered int64
	// unread: it did not answer when it was last asked; lost: how many incarnations did not before their end.
	unread bool
	lost   int
	// exposed reads what it tells itself, nil: it tells nothing. heeded and heededLast are asked and answered of that. silent is why it could not
	// be read when it was asked last, lapses how many earlier incarnations could not before their end.
	exposed    *exposed.Reader
	heeded     atomic.Int64
	heededLast int64
	silent     string
	lapses     int
	// starvations is how often something of it was killed for want of memory.
	starvations int64
	// starving: a fault limits its memory; filling: one fills a disk of it.
	starving, filling spell
	// fallen is the incarnation that has ended as a fault was to bring about.
	fallen Process
	// heard are the callees that it was told are withdrawn.
	heard map[string]bool
}

// image tells that somebody else's program runs, an image or what is external, which has no admin address.
func (i *instance) image() bool { return !i.plan.Node.BuiltIn() }

// address is where it serves.
func (i *instance) address() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.addresses.Listen
}

// current is its present incarnation, or the last one.
func (i *instance) current() Process {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.process
}

// start begins an incarnation as the wishes want it and waits until it is healthy. acts is held.
func (i *instance) start(ctx context.Context, restart bool) error {
	if i.gone {
		return errDown
	}
	if i.plan.Node.External != nil {
		return i.meet(ctx)
	}
	node, err := i.configuration()
	if err != nil {
		return err
	}
	placed := Placed{Instance: i.plan, Config: i.config(*node), CPUs: i.cores(), Memory: i.leastMemory(), Restart: restart}
	if other := i.wishes.image(); other != "" {
		n := *i.plan.Node
		n.Image = other
		placed.Node = &n
	}
	patience := i.patience()
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it %s within %s", i.late(), patience))
	defer cancel()
	p, err := i.testbed.Start(ctx, placed)
	if err != nil {
		return err
	}
	i.begun(p, p.Addresses())
	if i.shows != "" {
		i.shows = unsure // a container that is made anew has its own again
	}
	// Callers may come as soon as it listens: health is only when we stop waiting.
	err = i.turn(ctx, i)
	job := i.plan.Node.Job != nil
	switch {
	case err != nil:
	case job:
		err = i.awaitEnd(ctx, p)
	default:
		err = i.awaitHealth(ctx, p)
	}
	if err == nil && job {
		i.expect()
		i.ended()
		return nil
	}
	if err != nil {
		err = fmt.Errorf("start %q: %w%s", i.plan.Name, err, lastWords(p))
		i.expect()
		i.down = true
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		return errors.Join(err, p.Kill(end))
	}
	i.suffers(&i.starving, placed.Memory > 0)
	i.running(p, told{cores: placed.CPUs, memory: placed.Memory, image: i.wishes.image(), patches: i.patches()})
	return nil
}

// begun takes a new incarnation for the present one.
func (i *instance) begun(p Process, at wire.Addresses) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.process, i.addresses, i.expected, i.still, i.heard = p, at, false, false, map[string]bool{}
	i.watched = make(chan struct{})
}

// running says that the present incarnation runs, and what it was told. acts is held.
func (i *instance) running(p Process, told told) {
	i.told = told
	i.down, i.paused = false, false
	i.setAway(false)
	watched := i.watched
	i.watches.Go(func() {
		defer close(watched)
		i.watch(p)
	})
}

// config is what a built-in node is told, as the one place says it.
func (i *instance) config(n scenarios.Node) node.Config {
	return node.Config{
		Run: i.run, Instance: i.plan.Name, Seed: i.system.plan.Seed, Node: n,
		Listen: i.place.Listen, Admin: i.place.Admin, Data: i.place.Data, Upstreams: i.upstreams(i.plan.Name),
	}
}

// watch tells of an incarnation's end, unless it was expected.
func (i *instance) watch(p Process) {
	began := time.Now()
	<-p.Done()
	i.mu.Lock()
	expected := i.expected || i.process != p
	if !expected {
		i.away, i.unread = true, !i.image() // nobody read what it had counted at its end
	}
	i.mu.Unlock()
	switch how := p.Err(); {
	case expected || i.starvedToDeath(p):
	case i.again(how):
		i.watches.Go(func() { i.revive(p, how, time.Since(began)) })
	case i.fullToDeath(p, how):
	default:
		i.endedUnwanted(i.plan.Name, p.Err(), lastWords(p))
	}
}

// expect says that the end of this incarnation, from now on, is somebody's wish.
func (i *instance) expect() {
	i.mu.Lock()
	i.expected = true
	i.mu.Unlock()
}

func (i *instance) setAway(to bool) {
	i.mu.Lock()
	i.away = to
	i.mu.Unlock()
}

func (i *instance) isAway() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.away || i.process == nil
}

// kill ends it at once and keeps what it had counted: as it was asked an instant before.
func (i *instance) kill(ctx context.Context) error {
	i.lastReading(ctx)
	i.expect()
	if err := i.current().Kill(ctx); err != nil {
		return fmt.Errorf("kill %q: %w", i.plan.Name, err)
	}
	if !i.paused { // then it is known from when it was
		i.unseen()
	}
	i.ended()
	return nil
}

// drainGrace bounds how long an instance that is asked to end may take to finish what it has.
const drainGrace = 10 * time.Second

// drain ends it as SIGTERM does: it takes nothing new and finishes what it has. Its callers are told first, where they
// are to be. One that stands still can finish nothing, and is killed. One whose drain is cut is killed too.
func (i *instance) drain(ctx context.Context) error {
	if i.announced() {
		if err := i.withdraw(ctx, i); err != nil {
			return fmt.Errorf("stop %q: %w", i.plan.Name, err)
		}
	}
	return i.terminate(ctx)
}

// replace ends it as drain does, for an incarnation of another image to take its place.
func (i *instance) replace(ctx context.Context) error {
	if err := i.withdraw(ctx, i); err != nil {
		return fmt.Errorf("replace %q: %w", i.plan.Name, err)
	}
	return i.terminate(ctx)
}

// terminate asks it to end, and waits until it has.
func (i *instance) terminate(ctx context.Context) error {
	i.stopped, i.killed = nil, nil
	if i.paused {
		return i.kill(ctx)
	}
	i.lastReading(ctx)
	i.expect()
	i.unseen()
	asked := time.Now()
	err := i.current().Stop(ctx, drainGrace)
	if err == nil {
		i.stopped = &Stopped{Took: time.Since(asked)}
		if e, is := i.current().(Ending); is {
			if s, known := e.Stopped(); known {
				i.stopped, i.killed = &s, &s.Killed
			}
		}
	}
	if err != nil {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		err = errors.Join(fmt.Errorf("stop %q: %w", i.plan.Name, err), i.current().Kill(end))
	}
	i.ended()
	return err
}

// ended puts what this incarnation has counted to that of earlier ones.
func (i *instance) ended() {
	i.client.CloseIdleConnections()
	i.down, i.paused = true, false
	i.mu.Lock()
	defer i.mu.Unlock()
	i.away = true
	i.before = i.before.Add(i.last)
	i.last, i.readAt = runner.NodeCounters{}, time.Time{}
	if i.unread && !i.image() {
		i.lost++
	}
	i.unread = false
	if i.silent != "" {
		i.lapses, i.silent = i.lapses+1, ""
	}
}

// restart begins another incarnation with the data and the addresses that it had. Its callers are told that it is back.
func (i *instance) restart(ctx context.Context) error {
	if err := i.start(ctx, true); err != nil {
		return err
	}
	i.mu.Lock()
	i.restarts++
	i.mu.Unlock()
	i.system.notice(Notice{On: i.plan.Name, At: time.Now(), Now: Running, Ours: true})
	i.tellAll(ctx, i)
	i.readmit(ctx, i)
	return nil
}

// leave is what a system that is taken down does with it: no fault acts on it any more. What is returned may end by itself;
// a paused one can't, and is killed.
func (i *instance) leave(ctx context.Context) Process {
	i.acts.Lock()
	defer i.acts.Unlock()
	i.gone = true
	i.expect()
	p := i.current()
	if p == nil || i.down {
		return nil
	}
	if i.paused {
		_ = p.Kill(ctx) // what can't be killed, the testbed removes, or says why not
		return nil
	}
	return p
}
