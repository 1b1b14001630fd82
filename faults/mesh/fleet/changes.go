package fleet

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/squallhq/squall/faults/mesh"
)

// changes are what was done to the meshes by hand, as one journal: each mesh numbers its own.
type changes struct {
	members []*member

	mu sync.Mutex
	// seen are those that were told, by the mesh that they were of and its number, and until is the last number of each mesh.
	seen  []seen
	until map[*member]int64
}

type seen struct {
	of     *member
	number int64
}

func newChanges(members []*member) *changes {
	return &changes{members: members, until: map[*member]int64{}}
}

// Changes waits until there are changes by hand after a number, on any mesh, and returns them with their receipts as they are now.
// ErrClosed: every mesh is closed, and has no more.
func (f *Fleet) Changes(ctx context.Context, after int64) ([]mesh.Change, error) {
	for {
		known, err := f.changes.known(ctx, after)
		if len(known) > 0 || err != nil {
			return known, err
		}
		if err := f.changes.wait(ctx); err != nil {
			return nil, err
		}
	}
}

// wait waits until there is another one, and notes it.
func (c *changes) wait(ctx context.Context) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan error, len(c.members))
	c.mu.Lock()
	until := maps.Clone(c.until)
	c.mu.Unlock()
	for _, m := range c.members {
		go func() {
			all, err := m.Changes(waiting, until[m])
			c.note(m, all)
			answers <- err
		}()
	}
	var errs []error
	for range c.members {
		switch err := <-answers; {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, mesh.ErrClosed):
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		return mesh.ErrClosed
	}
	return errors.Join(errs...)
}

// note notes changes of a mesh, each once.
func (c *changes) note(of *member, all []mesh.Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range all {
		if one.Number > c.until[of] {
			c.until[of] = one.Number
			c.seen = append(c.seen, seen{of, one.Number})
		}
	}
}

// known asks again for those that were told already and are after a number: with their receipts as they are now.
func (c *changes) known(ctx context.Context, after int64) ([]mesh.Change, error) {
	c.mu.Lock()
	wanted := slices.Clone(c.seen[min(int(after), len(c.seen)):])
	c.mu.Unlock()
	by := map[*member]map[int64]mesh.Change{}
	var out []mesh.Change
	for n, s := range wanted {
		if by[s.of] == nil {
			by[s.of] = map[int64]mesh.Change{}
			all, err := s.of.Changes(ctx, s.number-1)
			if err != nil && !errors.Is(err, mesh.ErrClosed) {
				return nil, err
			}
			for _, one := range all {
				by[s.of][one.Number] = one
			}
		}
		if one, is := by[s.of][s.number]; is { // else it was so long ago that its mesh has forgotten it
			one.Number = after + int64(n) + 1
			out = append(out, one)
		}
	}
	slices.SortStableFunc(out, func(a, b mesh.Change) int { return cmp.Compare(a.Number, b.Number) })
	return out, nil
}
