package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

// Notice is a driver's word that somebody else has done something to an instance, or to the mesh.
type Notice struct {
	// On is the instance, or what else it was done to.
	On string
	At time.Time
	// Who, Door and What are as in record.Action. Who is record.ByOutside where it is empty.
	Who, Door, What string
	// Now is what it does since; empty: what it did before.
	Now State
	// Process is the incarnation that somebody has started, where Now is Running because of that.
	Process Process
	// Ours: the run's own act, which takes back what others had done.
	Ours bool
}

// State is what an instance does after somebody has done something to it.
type State string

// The states of instances.
const (
	Ended   State = "ended"
	Still   State = "stands still"
	Running State = "runs"
)

// Outside is the error of a Process that somebody else has ended: by which door, and how.
type Outside struct {
	Door, What string
	// At is when it ended, where the driver knows it: its word may come after that of a later start. Zero: when it is told.
	At time.Time
}

func (o *Outside) Error() string { return o.What + " (" + o.Door + ")" }

// seen is a notice with the mesh's counters of that moment; nil: they could not be read.
type seen struct {
	Notice
	stats map[string]mesh.EdgeStats
}

// Touches receives what somebody else does to the system as it happens.
func (s *system) Touches() <-chan runner.Touch { return s.touches }

// touched tells the watcher; the record is read with Touched.
func (s *system) touched(t runner.Touch) {
	select {
	case s.touches <- t:
	default: // nobody listens just now
	}
}

// noticeStats bounds reading the mesh's counters for the receipt of what somebody does.
const noticeStats = 500 * time.Millisecond

// notice takes a driver's word.
func (s *system) notice(n Notice) {
	s.mu.Lock()
	touched := len(s.seen) > 0
	s.mu.Unlock()
	if n.Ours && !touched {
		return // there is nothing that it could take back
	}
	ctx, cancel := context.WithTimeout(s.lifetime, noticeStats)
	defer cancel()
	stats, _ := s.traffic(ctx) // without it there is no receipt
	s.mu.Lock()
	s.seen = append(s.seen, seen{n, stats})
	s.mu.Unlock()
	i := s.byName[n.On]
	if !n.Ours {
		s.touched(n.touch())
	}
	switch {
	case i == nil:
	case n.Process != nil:
		s.watches.Go(func() { i.adopt(n.Process) })
	case n.Now == Still || n.Now == Running:
		i.mu.Lock()
		i.still = n.Now == Still
		i.mu.Unlock()
	}
}

func (n Notice) touch() runner.Touch {
	return runner.Touch{At: n.At, Who: cmp.Or(n.Who, record.ByOutside), Door: n.Door, What: n.What, On: n.On}
}

// adopt takes an incarnation that somebody else has started for its own, and makes it so what the faults that are on want
// of it; one that they want ended stays as somebody wants it.
func (i *instance) adopt(p Process) {
	i.mu.Lock()
	before := i.watched
	i.mu.Unlock()
	select {
	case <-before:
	case <-i.lifetime.Done():
		return
	}
	i.acts.Lock()
	defer i.acts.Unlock()
	if i.gone {
		return
	}
	i.ended()
	i.begun(p, p.Addresses())
	i.mu.Lock()
	i.restarts++
	i.mu.Unlock()
	i.running(p, told{cores: i.told.cores, memory: i.told.memory, image: i.told.image})
	ctx, cancel := context.WithTimeout(i.lifetime, i.patience())
	defer cancel()
	if i.awaitHealth(ctx, p) != nil {
		return // its end is told by its watch; until it answers it can be told nothing
	}
	i.tellAll(ctx, i)
	i.readmit(ctx, i)
	if !i.want(faults.OpKill) && !i.want(faults.OpStop) {
		if err := i.converge(ctx); err != nil {
			i.died(fmt.Errorf("instance %q was started from outside, and does not what its faults want: %w", i.plan.Name, err))
		}
	}
}

// endedUnwanted tells that something has ended and nobody of the run had ended it: by itself, or by somebody else.
func (s *system) endedUnwanted(name string, err error, lastWords string) {
	var outside *Outside
	switch {
	case errors.As(err, &outside):
		at := outside.At
		if at.IsZero() {
			at = time.Now()
		}
		s.notice(Notice{On: name, At: at, Door: outside.Door, What: outside.What, Now: Ended})
		s.died(fmt.Errorf("instance %q was ended from outside: %w%s", name, err, lastWords))
		return
	case err == nil:
		err = errors.New("exit status 0")
	}
	s.died(fmt.Errorf("instance %q ended by itself: %w%s", name, err, lastWords))
}

// followMesh takes note of what is done to the mesh by hand, until it is closed.
func (s *system) followMesh() {
	var last int64
	for s.lifetime.Err() == nil {
		changes, err := s.mesh.Changes(s.lifetime, last)
		if errors.Is(err, mesh.ErrClosed) {
			return
		}
		if err != nil {
			select {
			case <-time.After(noticeStats):
			case <-s.lifetime.Done():
			}
			continue
		}
		s.mu.Lock()
		s.changes = append(s.changes, changes...)
		s.mu.Unlock()
		for _, c := range changes {
			last = c.Number
			s.touched(s.changed(c))
		}
	}
}

// Touched is everything that others have done to the system until now. An error leaves receipts out.
func (s *system) Touched(ctx context.Context) ([]runner.Touch, error) {
	s.mu.Lock()
	notices, changes := slices.Clone(s.seen), slices.Clone(s.changes)
	s.mu.Unlock()
	var errs []error
	if len(changes) > 0 {
		fresh, err := s.mesh.Changes(ctx, 0)
		if err == nil {
			changes = fresh
		} else {
			errs = append(errs, fmt.Errorf("read what met the changes by hand: %w", err))
		}
	}
	var now map[string]mesh.EdgeStats
	if len(notices) > 0 {
		var err error
		if now, err = s.traffic(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	out := append(s.pairNotices(notices, now), s.pairChanges(changes)...)
	slices.SortStableFunc(out, func(a, b runner.Touch) int { return a.At.Compare(b.At) })
	return out, errors.Join(errs...)
}

// pairNotices makes one of what somebody did and what took it back.
func (s *system) pairNotices(notices []seen, now map[string]mesh.EdgeStats) []runner.Touch {
	slices.SortStableFunc(notices, func(a, b seen) int { return a.At.Compare(b.At) })
	var out []runner.Touch
	last := map[string]int{}   // by instance: the touch of what was done to it last
	open := map[string][]int{} // by instance: what was done and not taken back, as notices
	of := make([]int, len(notices))
	for at, n := range notices {
		switch before, there := last[n.On]; {
		case n.Now == Running && len(open[n.On]) > 0:
			for _, o := range open[n.On] {
				out[of[o]].Undone, out[of[o]].Receipt = n.At, s.metBetween(n.On, notices[o].stats, n.stats)
			}
			delete(open, n.On)
			delete(last, n.On)
			continue
		case n.Ours:
			continue
		case n.Now == Ended && there && out[before].Door == n.Door && out[before].What == n.What:
			of[at] = before // the signal that has ended it, which was told of when it was sent
		default:
			of[at] = len(out)
			out = append(out, n.touch())
		}
		last[n.On] = of[at]
		if n.Now == Ended || n.Now == Still {
			open[n.On] = append(open[n.On], at)
		}
	}
	for on, all := range open {
		for _, o := range all {
			out[of[o]].Receipt, out[of[o]].Stays = s.metBetween(on, notices[o].stats, now), true
		}
	}
	return out
}

// metBetween is what met an instance between two readings of the mesh; nil: unknown.
func (s *system) metBetween(instance string, before, after map[string]mesh.EdgeStats) *faults.Receipt {
	if before == nil || after == nil || s.byName[instance] == nil {
		return nil
	}
	r := s.met(instance, before, after)
	return &r
}

// changed is a change of the mesh by hand.
func (s *system) changed(c mesh.Change) runner.Touch {
	t := runner.Touch{At: c.At, Who: record.ByHand, Door: c.Door, What: c.What, On: cmp.Or(c.Edge, "all edges"), Receipt: c.Receipt}
	if c.Words != "" && s.plan != nil {
		if e, is := s.plan.Edge(c.Edge); is {
			t.Words = c.Words + ": " + e.Selected()
		}
	}
	return t
}

// undoes are the sorts of changes that take others back.
var undoes = map[mesh.ChangeKind]mesh.ChangeKind{
	mesh.ToxicRemoved: mesh.ToxicAdded, mesh.Enabled: mesh.Disabled, mesh.Deleted: mesh.Created,
}

// stays tells of a sort of changes that it lasts until it is taken back.
func stays(kind mesh.ChangeKind) bool {
	for _, taken := range undoes {
		if taken == kind {
			return true
		}
	}
	return false
}

// pairChanges makes one of a change of the mesh by hand and what took it back. A toxic that is changed is another one from then on.
func (s *system) pairChanges(changes []mesh.Change) []runner.Touch {
	var out []runner.Touch
	type key struct {
		kind        mesh.ChangeKind
		edge, toxic string
	}
	open := map[key]int{}
	for _, c := range changes {
		if kind, takesBack := undoes[c.Kind]; takesBack && c.Injection == "" {
			k := key{kind, c.Edge, c.Toxic}
			if at, there := open[k]; there {
				out[at].Undone, out[at].Stays = c.At, false
				delete(open, k)
				continue
			}
		}
		one := s.changed(c)
		one.Stays = stays(c.Kind)
		kind := c.Kind
		if before, there := open[key{mesh.ToxicAdded, c.Edge, c.Toxic}]; there && c.Kind == mesh.ToxicChanged && c.Injection == "" {
			out[before].Undone, out[before].Stays = c.At, false
			kind, one.Stays = mesh.ToxicAdded, true
		}
		open[key{kind, c.Edge, c.Toxic}] = len(out)
		out = append(out, one)
	}
	return out
}
