package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/clocks"
)

// injection is what one Apply has put on, over all meshes.
type injection struct {
	mu      sync.Mutex
	members []*member
	spread  faults.Spread
	// off are the meshes that it was taken off of, with their receipts.
	off    map[*member]faults.Receipt
	lifted bool
	total  faults.Receipt
}

const (
	// What an order takes to reach a mesh is its time on the way and back, which is measured, and what the mesh and this process take with it.
	leadTrips = 2
	leadLeast = 4 * time.Millisecond
	leadMost  = time.Second
	// undoTimeout bounds taking back what was put on by some and could not be by all.
	undoTimeout = 10 * time.Second
)

// moment is a time that each mesh can be told in time.
func moment(members []*member) time.Time {
	var longest time.Duration
	for _, m := range members {
		longest = max(longest, 2*m.clock().Uncertain) // that is how long its quickest answer took
	}
	return time.Now().Add(min(leadLeast+leadTrips*longest, leadMost))
}

// Apply puts primitives on under one id: it has them prepared where their edges are carried, and then put on by all at one time. When it
// returns they are in force; on an error none of them stays.
func (f *Fleet) Apply(ctx context.Context, id string, primitives []faults.Primitive) error {
	members, by, err := share(f, primitives, func(p faults.Primitive) string { return p.Edge })
	if err != nil {
		return err
	}
	i := &injection{members: members, spread: faults.Spread{Meshes: len(members)}, off: map[*member]faults.Receipt{}}
	i.mu.Lock()
	defer i.mu.Unlock()
	f.mu.Lock()
	if before := f.injections[id]; before != nil && !before.over() {
		f.mu.Unlock()
		return fmt.Errorf("apply %q: %w", id, mesh.ErrExists)
	}
	f.injections[id] = i
	f.mu.Unlock()
	if err := f.put(ctx, id, i, by); err != nil {
		f.mu.Lock()
		delete(f.injections, id)
		f.mu.Unlock()
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
		defer cancel()
		return errors.Join(err, f.each(members, func(_ int, m *member) error {
			_, err := m.Lift(undo, id)
			return err
		}))
	}
	return nil
}

// over tells that it was taken off everywhere. One that is being put on is not.
func (i *injection) over() bool {
	if !i.mu.TryLock() {
		return false
	}
	defer i.mu.Unlock()
	return i.lifted
}

// put prepares and puts on. With one mesh there is nothing to wait for.
func (f *Fleet) put(ctx context.Context, id string, i *injection, by map[*member][]faults.Primitive) error {
	if len(i.members) == 1 {
		m := i.members[0]
		if err := m.Apply(ctx, id, by[m]); err != nil {
			return fmt.Errorf("mesh %s: %w", m.Name, err)
		}
		return nil
	}
	err := f.each(i.members, func(_ int, m *member) error {
		if err := m.compare(ctx, probesLater); err != nil {
			return err
		}
		return m.Prepare(ctx, id, by[m])
	})
	if err != nil {
		return err
	}
	when := moment(i.members)
	told := make([]reading, len(i.members))
	err = f.each(i.members, func(n int, m *member) error {
		clock := m.clock()
		at, err := m.Commit(ctx, id, clock.There(when))
		told[n] = reading{at, clock}
		return err
	})
	i.spread.On = apart(told, when)
	return err
}

// Lift takes off what Apply put on under id, everywhere at one time, and says what met it and how far apart the meshes came. Where a mesh
// can't be asked, a second call asks it again.
func (f *Fleet) Lift(ctx context.Context, id string) (faults.Receipt, error) {
	f.mu.Lock()
	i := f.injections[id]
	f.mu.Unlock()
	if i == nil {
		return faults.Receipt{}, nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.lifted {
		return i.total, nil
	}
	var left []*member
	for _, m := range i.members {
		if _, is := i.off[m]; !is {
			left = append(left, m)
		}
	}
	when := time.Time{}
	if len(left) > 1 {
		when = moment(left)
	}
	told, receipts, done := make([]reading, len(left)), make([]faults.Receipt, len(left)), make([]bool, len(left))
	err := f.each(left, func(n int, m *member) error {
		clock := m.clock()
		at := when
		if !at.IsZero() {
			at = clock.There(at)
		}
		receipt, off, err := m.LiftAt(ctx, id, at)
		told[n], receipts[n], done[n] = reading{off, clock}, receipt, err == nil
		return err
	})
	if len(left) == len(i.members) && len(left) > 1 {
		i.spread.Off = apart(told, when)
	}
	for n, m := range left {
		if done[n] {
			i.off[m] = receipts[n]
		}
	}
	i.total = faults.Receipt{}
	for _, m := range i.members {
		if r, is := i.off[m]; is {
			i.total = i.total.Add(r)
		}
	}
	if len(i.members) > 1 {
		spread := i.spread
		i.total.Spread = &spread
	}
	i.lifted = err == nil
	return i.total, err
}

// reading is a time by a mesh's clock, with what was known of that.
type reading struct {
	at    time.Time
	clock clocks.Offset
}

// apart is how far apart readings are, and how long after their time the last was; nil: one of them was not told.
func apart(all []reading, when time.Time) *faults.Apart {
	var first, last reading
	var begin, end time.Time
	for n, r := range all {
		if r.at.IsZero() {
			return nil
		}
		here := r.clock.Here(r.at)
		if n == 0 || here.Before(begin) {
			first, begin = r, here
		}
		if n == 0 || here.After(end) {
			last, end = r, here
		}
	}
	a := &faults.Apart{By: end.Sub(begin), Uncertain: first.clock.Uncertain + last.clock.Uncertain}
	if !when.IsZero() {
		a.Late = end.Sub(when)
	}
	return a
}
