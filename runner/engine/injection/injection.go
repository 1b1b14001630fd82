// Package injection carries primitives out for engines whose edges a mesh carries: those on edges by the
// mesh, those on instances by the instances, all at once, and takes back exactly that. Engines share it,
// so that overlap, a second undo, a failed undo and receipts are the same everywhere.
package injection

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
)

// Instance carries primitives out on itself. Both methods may be called concurrently.
type Instance interface {
	// Act carries one out and returns when it is in force.
	Act(context.Context, faults.Primitive) error
	// Unact takes one back. On an error it is still on.
	Unact(context.Context, faults.Primitive) error
}

// Injector injects into one system. It is safe for concurrent use.
type Injector struct {
	Mesh mesh.Control
	// Instance finds an instance by name; false if there is none.
	Instance func(name string) (Instance, bool)
	// EdgesInto names the edges into an instance.
	EdgesInto func(instance string) []string

	count atomic.Int64
}

// cleanupTimeout bounds taking back what an injection that failed had put on.
const cleanupTimeout = 30 * time.Second

// Inject is System.Inject.
func (i *Injector) Inject(ctx context.Context, primitives []faults.Primitive) (runner.Undo, error) {
	j := &injection{Injector: i, id: fmt.Sprintf("fault-%d", i.count.Add(1))}
	var edges []faults.Primitive
	var acts []act
	for _, p := range primitives {
		if p.Edge != "" {
			edges = append(edges, p)
			continue
		}
		on, ok := i.Instance(p.Instance)
		if !ok {
			return nil, fmt.Errorf("inject %s: there is no instance %q", p, p.Instance)
		}
		acts = append(acts, act{p, on})
	}
	if err := j.inject(ctx, edges, acts); err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		_, failed := j.undo(undo)
		return nil, errors.Join(err, failed)
	}
	return j.undo, nil
}

// act is one primitive on one instance.
type act struct {
	primitive faults.Primitive
	on        Instance
}

// injection is one Inject, until it is undone.
type injection struct {
	*Injector
	id      string
	mu      sync.Mutex                // one undo at a time
	mesh    bool                      // edge primitives are on
	acted   []act                     // the instance primitives that are on
	before  map[string]mesh.EdgeStats // of the edges into the instances it acts on
	receipt faults.Receipt
}

func (j *injection) inject(ctx context.Context, edges []faults.Primitive, acts []act) error {
	if len(acts) > 0 {
		var err error
		if j.before, err = j.traffic(ctx, acts); err != nil {
			return err
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	if len(edges) > 0 {
		j.mesh = true // lifting what was never applied does nothing
		group.Go(func() error { return j.Mesh.Apply(groupCtx, j.id, edges) })
	}
	for _, a := range acts {
		group.Go(func() error {
			if err := a.on.Act(groupCtx, a.primitive); err != nil {
				return fmt.Errorf("inject %s: %w", a.primitive, err)
			}
			j.mu.Lock()
			j.acted = append(j.acted, a)
			j.mu.Unlock()
			return nil
		})
	}
	return group.Wait()
}

// undo takes back what is still on. What could not be taken back stays for the next call.
func (j *injection) undo(ctx context.Context) (faults.Receipt, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	if j.mesh {
		receipt, err := j.Mesh.Lift(ctx, j.id)
		if err != nil {
			errs = append(errs, fmt.Errorf("lift %s: %w", j.id, err))
		} else {
			j.receipt, j.mesh = j.receipt.Add(receipt), false
		}
	}
	if len(j.acted) > 0 && j.before != nil {
		if after, err := j.traffic(ctx, j.acted); err == nil {
			j.receipt = j.receipt.Add(met(j.before, after))
			j.before = nil
		}
	}
	results := make([]error, len(j.acted))
	var undoing sync.WaitGroup
	for n, a := range j.acted {
		undoing.Go(func() { results[n] = a.on.Unact(ctx, a.primitive) })
	}
	undoing.Wait()
	var left []act
	for n, err := range results {
		if err != nil {
			left = append(left, j.acted[n])
			errs = append(errs, fmt.Errorf("undo %s: %w", j.acted[n].primitive, err))
		}
	}
	j.acted = left
	return j.receipt, errors.Join(errs...)
}

// traffic reads the edges into the instances that are acted on.
func (j *injection) traffic(ctx context.Context, acts []act) (map[string]mesh.EdgeStats, error) {
	stats, err := j.Mesh.Stats(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the mesh's counters: %w", err)
	}
	into := map[string]bool{}
	for _, a := range acts {
		for _, edge := range j.EdgesInto(a.primitive.Instance) {
			into[edge] = true
		}
	}
	out := map[string]mesh.EdgeStats{}
	for _, one := range stats {
		if into[one.Name] {
			out[one.Name] = one
		}
	}
	return out, nil
}

// met is the traffic that met a fault on instances: connections that were open when it began and those made while
// it was on, and what passed their edges meanwhile. Refused are those that could not reach their instance.
func met(before, after map[string]mesh.EdgeStats) faults.Receipt {
	var r faults.Receipt
	for name, a := range after {
		b := before[name]
		moved := a.BytesUp - b.BytesUp + a.BytesDown - b.BytesDown
		r.Connections += a.Connections - b.Connections
		if moved > 0 || a.Open < b.Open { // connections that lay idle throughout have met nothing
			r.Connections += b.Open
		}
		r.Requests += a.Requests - b.Requests
		r.Bytes += moved
		r.Refused += a.Failed - b.Failed
	}
	return r
}
