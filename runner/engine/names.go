package engine

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/topology"
)

// wantLookup wants a lookup of who calls over an edge: a load's is done where the load dials, any other by the calling instance.
func (j *injection) wantLookup(p faults.Primitive) error {
	e, known := j.planEdge(p.Edge)
	switch {
	case !known:
		return fmt.Errorf("inject %s: there is no edge %q", p, p.Edge)
	case p.Lookup == nil:
		return fmt.Errorf("inject %s: what a lookup is told is not said", p)
	case e.Client:
		j.users = append(j.users, &lookups{system: j.system, id: j.id, edge: e, to: *p.Lookup})
		return nil
	}
	j.want(j.byName[e.From], p)
	return nil
}

func (s *system) planEdge(name string) (topology.Edge, bool) {
	for _, e := range s.plan.Edges {
		if e.Name == name {
			return e, true
		}
	}
	return topology.Edge{}, false
}

// lookups is what an injection does to the lookups of a load over one edge.
type lookups struct {
	*system
	id   string
	edge topology.Edge
	to   faults.NameLookup

	mu sync.Mutex
	n  int64
}

// put has the load look names up so.
func (l *lookups) put() {
	l.system.mu.Lock()
	defer l.system.mu.Unlock()
	defer l.tell()
	if l.system.lookups == nil {
		l.system.lookups = map[string][]*lookups{}
	}
	l.system.lookups[l.edge.Name] = append(l.system.lookups[l.edge.Name], l)
}

// take takes it off.
func (l *lookups) take() {
	l.system.mu.Lock()
	defer l.system.mu.Unlock()
	defer l.tell()
	var left []*lookups
	for _, one := range l.system.lookups[l.edge.Name] {
		if one != l {
			left = append(left, one)
		}
	}
	l.system.lookups[l.edge.Name] = left
}

// tell tells how names are looked up over its edge now, with the system's lock.
func (l *lookups) tell() {
	if l.system.onLookup == nil {
		return
	}
	var to *faults.NameLookup
	if on := l.system.lookups[l.edge.Name]; len(on) > 0 {
		to = &on[len(on)-1].to
	}
	l.system.onLookup(l.edge.Name, to)
}

// Lookups implements runner.Reachable.
func (s *system) Lookups(f func(edge string, to *faults.NameLookup)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onLookup = f
}

// LookedUp implements runner.Reachable: the newest counts.
func (s *system) LookedUp(edge string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if on := s.lookups[edge]; len(on) > 0 {
		on[len(on)-1].count()
	}
}

func (l *lookups) count() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
}

func (l *lookups) deed() faults.Deed {
	l.mu.Lock()
	defer l.mu.Unlock()
	return faults.Deed{Instance: l.edge.From, What: faults.LookedUp, N: l.n}
}

// lookUp is what the user of a load does before it dials.
func (s *system) lookUp(ctx context.Context, edge string) error {
	s.mu.Lock()
	on := s.lookups[edge]
	s.mu.Unlock()
	if len(on) == 0 {
		return nil
	}
	last := on[len(on)-1]
	last.count()
	return wire.LookUp(ctx, last.edge.ToNode, string(last.to.Answer), last.to.Delay)
}

// lookedUp counts the lookups of an instance that its faults have answered: by itself, or, of an image, by its resolver.
func lookedUp(i *instance) deedCounter {
	if i.image() {
		return &resolved{of: i}
	}
	return &deeds{of: i, what: faults.LookedUp}
}

// resolved counts by an image's resolver.
type resolved struct {
	of          *instance
	turns       int
	from, last  int64
	asked, told bool
}

func (r *resolved) begin(ctx context.Context) {
	if r.turns == 0 {
		r.from, r.asked = r.read(ctx)
	}
}

func (r *resolved) turn(ctx context.Context) {
	r.turns++
	r.last, r.told = r.read(ctx)
}

func (r *resolved) read(ctx context.Context) (int64, bool) {
	p, can := r.of.current().(Resolver)
	if !can {
		return 0, false
	}
	n, err := p.Resolved(ctx)
	return n, err == nil
}

func (r *resolved) deed() faults.Deed {
	return faults.Deed{Instance: r.of.plan.Name, What: faults.LookedUp, N: r.last - r.from, Unread: !r.asked || !r.told}
}

// resolve tells an instance how it looks up its callees now: a built-in node itself, an image's resolver.
func (i *instance) resolve(ctx context.Context) error {
	want := i.wishes.resolved()
	if was := i.told.lookups; !i.image() && maps.Equal(want, was) || i.image() && maps.Equal(want, i.names) {
		return nil
	}
	if i.image() {
		p, can := i.current().(Resolver)
		if !can {
			return fmt.Errorf("change how %q looks up names: the %s engine can't", i.plan.Name, i.driver.Name())
		}
		byNode := map[string]faults.NameLookup{}
		for edge, l := range want {
			if e, known := i.planEdge(edge); known {
				byNode[e.ToNode] = l
			}
		}
		if err := p.Resolve(ctx, byNode); err != nil {
			return fmt.Errorf("change how %q looks up names: %w", i.plan.Name, err)
		}
		i.names = want
	} else {
		byInstance := map[string]faults.NameLookup{}
		for edge, l := range want {
			if e, known := i.planEdge(edge); known {
				byInstance[e.To] = l
			}
		}
		if err := i.tell(ctx, http.MethodPut, wire.AdminLookups, byInstance); err != nil {
			return fmt.Errorf("change how %q looks up names: %w", i.plan.Name, err)
		}
	}
	i.told.lookups = want
	return nil
}
