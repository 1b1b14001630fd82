package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/runner/instant"
)

// Inject carries primitives out, all at once: those on edges by the mesh, those on instances as wishes that the instance
// converges to. The undo takes exactly these back.
func (s *system) Inject(ctx context.Context, primitives []faults.Primitive) (runner.Undo, error) {
	j := &injection{system: s, id: fmt.Sprintf("fault-%d", s.injections.Add(1))}
	wanted := primitives
	primitives, gone, err := s.machines(wanted)
	if err != nil {
		return nil, err
	}
	j.lost = gone.lost
	for _, p := range primitives {
		if p.Op == faults.OpLookup {
			if err := j.wantLookup(p); err != nil {
				return nil, err
			}
			continue
		}
		if p.Edge != "" {
			j.edges = append(j.edges, p)
			continue
		}
		i, ok := s.byName[p.Instance]
		if !ok {
			return nil, fmt.Errorf("inject %s: there is no instance %q", p, p.Instance)
		}
		if err := supports(s.driver, i.plan, p); err != nil {
			return nil, fmt.Errorf("inject %s: %w", p, err)
		}
		j.want(i, p)
	}
	j.drains(gone.drained)
	if err := j.apply(ctx); err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		_, failed := j.undo(undo)
		return nil, errors.Join(err, failed)
	}
	j.comeUp(wanted)
	return j.undo, nil
}

// injection is one Inject, until it is undone.
type injection struct {
	*system
	id    string
	edges []faults.Primitive
	acts  []*act
	// lost are the instances that go with their machines: silence is there before they do.
	lost []string
	// moving are those that come up on other machines, until stay is called; nil: nobody does.
	moving sync.WaitGroup
	stay   context.CancelFunc
	// users are the loads whose lookups it changes.
	users []*lookups

	mu      sync.Mutex                // one undo at a time
	meshOn  bool                      // edge primitives may be on
	undone  bool                      // everything is off
	before  map[string]mesh.EdgeStats // of all edges, when it began; nil: nothing is to be read (any more)
	receipt faults.Receipt
}

// act is what an injection wants of one instance.
type act struct {
	on   *instance
	what []faults.Primitive
	// asked: it is asked to do something once, which no traffic meets.
	asked bool
	// rolls: it waits for its turn among those that are replaced.
	rolls bool
	// deeds are what it has done of that, or what becomes of it; nil: nobody counts.
	deeds deedCounter
}

func (j *injection) want(i *instance, p faults.Primitive) {
	for _, a := range j.acts {
		if a.on == i {
			a.what = append(a.what, p)
			return
		}
	}
	a := &act{on: i, what: []faults.Primitive{p}}
	switch p.Op {
	case faults.OpAsk:
		a.asked, a.deeds = true, &deeds{of: i, what: p.Ask.Deed()}
	case faults.OpMemory:
		a.deeds = &starvations{of: i}
	case faults.OpLookup:
		a.asked, a.deeds = true, lookedUp(i)
	case faults.OpReplace:
		a.rolls, a.deeds = true, &replacement{of: i, image: p.Image}
	case faults.OpCertificate:
		a.deeds = &showing{of: i, flaw: authority.Flaw(p.Certificate)}
	case faults.OpFill:
		a.deeds = &filling{of: i, volume: p.Disk.Volume}
	}
	j.acts = append(j.acts, a)
}

// apply puts everything on at the same time. What one failure leaves half done is undone, not torn off.
func (j *injection) apply(ctx context.Context) (err error) {
	if slices.ContainsFunc(j.acts, func(a *act) bool { return !a.asked }) {
		if j.before, err = j.traffic(ctx); err != nil {
			return err
		}
	}
	for _, l := range j.users {
		l.put()
	}
	j.meshOn = len(j.edges) > 0
	onMesh := func() error {
		if err := j.mesh.Apply(ctx, j.id, j.edges); err != nil {
			return fmt.Errorf("inject on edges: %w", err)
		}
		return nil
	}
	first := len(j.lost) > 0
	if first {
		if err := onMesh(); err != nil {
			return err
		}
	}
	err = j.all(j.meshOn && !first, onMesh, func(a *act) error {
		return a.change(ctx, func() { a.on.add(j.id, a.what) })
	})
	j.emptied(ctx)
	return err
}

// undo takes back what is still on. What could not be taken back stays for the next call.
func (j *injection) undo(ctx context.Context) (faults.Receipt, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.undone {
		return j.receipt, nil
	}
	if j.stay != nil {
		j.stay()
		j.moving.Wait()
	}
	for _, l := range j.users {
		l.take()
	}
	var errs []error
	if j.meshOn {
		receipt, err := j.mesh.Lift(ctx, j.id)
		if err != nil {
			errs = append(errs, fmt.Errorf("lift %s: %w", j.id, err))
		} else {
			j.receipt, j.meshOn = j.receipt.Add(receipt), false
		}
	}
	if j.before != nil {
		// A mesh that can't be read keeps nothing on; the next call, if there is one, may still read it.
		if after, err := j.traffic(ctx); err == nil {
			for _, a := range j.acts {
				if !a.asked {
					j.receipt = j.receipt.Add(j.met(a.on.plan.Name, j.before, after))
				}
			}
			j.before = nil
		}
	}
	errs = append(errs, j.all(false, nil, func(a *act) error {
		err := a.change(ctx, func() { a.on.drop(j.id) })
		if errors.Is(err, errDown) {
			return nil // with the system, everything that was on it
		}
		return err
	}))
	err := errors.Join(errs...)
	if j.undone = err == nil; j.undone {
		for _, a := range j.acts {
			if a.deeds != nil {
				j.receipt.Deeds = append(j.receipt.Deeds, a.deeds.deed())
			}
		}
		for _, l := range j.users {
			j.receipt.Deeds = append(j.receipt.Deeds, l.deed())
		}
		for _, one := range j.lost {
			j.receipt.Deeds = append(j.receipt.Deeds, faults.Deed{Instance: one, What: faults.Lost, N: 1})
		}
	}
	return j.receipt, err
}

// all does something on the mesh, where it is to, and to every instance, at the same time: in virtual time each begins in its turn.
func (j *injection) all(edges bool, onMesh func() error, onInstance func(*act) error) error {
	errs := make([]error, len(j.acts)+1)
	var doing sync.WaitGroup
	var latest *instant.Turn
	inTurn := func(do func()) {
		before, turn := latest, instant.NewTurn()
		latest = turn
		doing.Go(func() {
			turn.Await(before, j.Keep())
			do()
		})
	}
	if edges {
		inTurn(func() { errs[len(j.acts)] = onMesh() })
	}
	for n, a := range j.acts {
		if !a.rolls {
			inTurn(func() { errs[n] = onInstance(a) })
		}
	}
	doing.Go(func() {
		for n, a := range j.acts {
			if !a.rolls {
				continue
			}
			if errs[n] = onInstance(a); errs[n] != nil {
				return // what does not go well with one is not done to the next
			}
		}
	})
	doing.Wait()
	return errors.Join(errs...)
}

// change changes what is wanted of an instance and makes it so; what it does of what it is asked is counted.
func (a *act) change(ctx context.Context, wish func()) error {
	i := a.on
	i.acts.Lock()
	defer i.acts.Unlock()
	if a.deeds != nil {
		a.deeds.begin(ctx)
		defer a.deeds.turn(ctx)
	}
	wish()
	return i.converge(ctx)
}

// met is the traffic that met what was done to an instance: connections that were open when it began and those made while
// it was on, and what passed their edges meanwhile. Refused are those that could not reach their instance.
func (s *system) met(instance string, before, after map[string]mesh.EdgeStats) faults.Receipt {
	var r faults.Receipt
	for _, e := range s.edgesInto(instance) {
		now, then := after[e.Name], before[e.Name]
		moved := now.BytesUp - then.BytesUp + now.BytesDown - then.BytesDown
		r.Connections += now.Connections - then.Connections
		if moved > 0 || now.Open < then.Open { // connections that lay idle throughout have met nothing
			r.Connections += then.Open
		}
		r.Requests += now.Requests - then.Requests
		r.Bytes += moved
		r.Refused += now.Failed - then.Failed
	}
	return r
}
