package docker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
)

// undoTimeout bounds the taking back of what a failed injection had done.
const undoTimeout = time.Minute

// Inject carries out primitives, all at once, and returns when they are in force.
func (s *system) Inject(ctx context.Context, primitives []faults.Primitive) (runner.Undo, error) {
	s.mu.Lock()
	s.nextUndo++
	id := "injection-" + strconv.Itoa(s.nextUndo)
	s.mu.Unlock()
	i, err := s.newInjection(ctx, id, primitives)
	if err != nil {
		return nil, err
	}
	if err := i.apply(ctx); err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
		defer cancel()
		_, undoErr := i.undo(undo)
		return nil, errors.Join(err, undoErr)
	}
	return i.undo, nil
}

// injection is what one Inject has put on.
type injection struct {
	*system
	id string
	// edges goes to the mesh, acts by instance to the members.
	edges []faults.Primitive
	acts  map[*member][]faults.Primitive
	// before are the counters of the edges into the members when it began.
	before map[string]mesh.EdgeStats

	mu      sync.Mutex
	meshOn  bool
	undone  bool
	receipt faults.Receipt
}

func (s *system) newInjection(ctx context.Context, id string, primitives []faults.Primitive) (*injection, error) {
	i := &injection{system: s, id: id, acts: map[*member][]faults.Primitive{}}
	for _, p := range primitives {
		switch p.Op {
		case faults.OpToxic, faults.OpOutage:
			i.edges = append(i.edges, p)
		case faults.OpKill, faults.OpPause, faults.OpCPU, faults.OpBehave, faults.OpAsk, faults.OpConfigure, faults.OpStop:
			m, known := s.byName[p.Instance]
			if !known {
				return nil, fmt.Errorf("inject %s: there is no instance %q", p, p.Instance)
			}
			if p.Op == faults.OpBehave && (m.place.image() || p.Behaviour == nil) {
				return nil, fmt.Errorf("inject %s: only a built-in node can misbehave", p)
			}
			if p.Op == faults.OpAsk && m.place.image() {
				return nil, fmt.Errorf("inject %s: only a built-in node can be asked", p)
			}
			if p.Op == faults.OpConfigure && (m.place.image() || p.Patch == nil) {
				return nil, fmt.Errorf("inject %s: only a built-in node can be changed", p)
			}
			i.acts[m] = append(i.acts[m], p)
		default:
			return nil, fmt.Errorf("inject %s: the docker engine does not know the action %q", p, p.Op)
		}
	}
	if len(i.acts) == 0 {
		return i, nil
	}
	var err error
	i.before, err = s.meshCounters(ctx)
	return i, err
}

// apply puts everything on at the same time.
func (i *injection) apply(ctx context.Context) error {
	// No shared cancellation: what one failure leaves half done is undone, not torn off.
	var group errgroup.Group
	if len(i.edges) > 0 {
		group.Go(func() error {
			if err := i.mesh.Apply(ctx, i.id, i.edges); err != nil {
				return fmt.Errorf("inject on edges: %w", err)
			}
			i.mu.Lock()
			i.meshOn = true
			i.mu.Unlock()
			return nil
		})
	}
	for m, acts := range i.acts {
		group.Go(func() error {
			m.mu.Lock()
			defer m.mu.Unlock()
			for _, p := range acts {
				m.add(i.id, p)
			}
			return i.reconcile(ctx, m)
		})
	}
	return group.Wait()
}

// undo takes back exactly what this injection put on. What fails may be tried again by a second call.
func (i *injection) undo(ctx context.Context) (faults.Receipt, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.undone {
		return i.receipt, nil
	}
	var receipt faults.Receipt
	if len(i.acts) > 0 {
		r, err := i.met(ctx)
		if err != nil {
			return receipt, err
		}
		receipt = r
	}
	var group errgroup.Group
	var onEdges faults.Receipt
	if i.meshOn {
		group.Go(func() (err error) {
			onEdges, err = i.mesh.Lift(ctx, i.id)
			return err
		})
	}
	for m := range i.acts {
		group.Go(func() error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.drop(i.id)
			return i.reconcile(ctx, m)
		})
	}
	if err := group.Wait(); err != nil {
		return receipt.Add(onEdges), fmt.Errorf("undo: %w", err)
	}
	i.undone, i.receipt = true, receipt.Add(onEdges)
	return i.receipt, nil
}

// met is what crossed the edges into the members while this was on: connections that were open
// when it began or were made under it, and those that found nobody.
func (i *injection) met(ctx context.Context) (faults.Receipt, error) {
	after, err := i.meshCounters(ctx)
	if err != nil {
		return faults.Receipt{}, err
	}
	var r faults.Receipt
	for m := range i.acts {
		for _, edge := range i.into[m.name()] {
			now, then := after[edge], i.before[edge]
			bytes := now.BytesUp - then.BytesUp + now.BytesDown - then.BytesDown
			r.Connections += now.Connections - then.Connections
			if bytes > 0 || now.Open < then.Open {
				r.Connections += then.Open
			}
			r.Requests += now.Requests - then.Requests
			r.Bytes += bytes
			r.Refused += now.Failed - then.Failed
		}
	}
	return r, nil
}
