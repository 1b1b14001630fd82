package virtual

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
)

// injection is one Inject, until it is undone.
type injection struct {
	s    *system
	id   string
	mu   sync.Mutex // one undo at a time
	mesh bool       // edge primitives are on
	// acted are the instance primitives that are on.
	acted   []faults.Primitive
	before  map[string]mesh.EdgeStats // of the edges into the instances it acts on
	receipt faults.Receipt
}

// Inject carries primitives out: those on edges by the mesh, those on instances here, all at once.
func (s *system) Inject(ctx context.Context, primitives []faults.Primitive) (runner.Undo, error) {
	var edges, instances []faults.Primitive
	for _, p := range primitives {
		if p.Edge != "" {
			edges = append(edges, p)
			continue
		}
		if s.byName[p.Instance] == nil {
			return nil, fmt.Errorf("inject %s: there is no instance %q", p, p.Instance)
		}
		instances = append(instances, p)
	}
	j := &injection{s: s, id: fmt.Sprintf("fault-%d", s.faults.Add(1))}
	if err := j.inject(ctx, edges, instances); err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		_, failed := j.undo(undo)
		return nil, errors.Join(err, failed)
	}
	return j.undo, nil
}

func (j *injection) inject(ctx context.Context, edges, instances []faults.Primitive) error {
	if len(instances) > 0 {
		var err error
		if j.before, err = j.traffic(ctx, instances); err != nil {
			return err
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	if len(edges) > 0 {
		j.mesh = true // lifting what was never applied does nothing
		group.Go(func() error { return j.s.mesh.Apply(groupCtx, j.id, edges) })
	}
	for _, p := range instances {
		group.Go(func() error {
			if err := j.s.byName[p.Instance].act(groupCtx, p); err != nil {
				return fmt.Errorf("inject %s: %w", p, err)
			}
			j.mu.Lock()
			j.acted = append(j.acted, p)
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
		receipt, err := j.s.mesh.Lift(ctx, j.id)
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
	for n, p := range j.acted {
		undoing.Go(func() { results[n] = j.s.byName[p.Instance].unact(ctx, p) })
	}
	undoing.Wait()
	var left []faults.Primitive
	for n, err := range results {
		if err != nil {
			left = append(left, j.acted[n])
			errs = append(errs, fmt.Errorf("undo %s: %w", j.acted[n], err))
		}
	}
	j.acted = left
	return j.receipt, errors.Join(errs...)
}

// traffic reads the edges into the instances that primitives act on.
func (j *injection) traffic(ctx context.Context, primitives []faults.Primitive) (map[string]mesh.EdgeStats, error) {
	stats, err := j.s.mesh.Stats(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the mesh's counters: %w", err)
	}
	into := map[string]bool{}
	for _, p := range primitives {
		for _, e := range j.s.edgesInto(p.Instance) {
			into[e.Name] = true
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
		r.Connections += b.Open + a.Connections - b.Connections
		r.Requests += a.Requests - b.Requests
		r.Bytes += a.BytesUp - b.BytesUp + a.BytesDown - b.BytesDown
		r.Refused += a.Failed - b.Failed
	}
	return r
}

// act carries one primitive out on this instance.
func (i *instance) act(ctx context.Context, p faults.Primitive) error {
	i.acts.Lock()
	defer i.acts.Unlock()
	switch p.Op {
	case faults.OpKill:
		if i.kills++; i.kills == 1 {
			i.bury(ctx)
		}
		return nil
	case faults.OpPause:
		if i.pauses == 0 && i.kills == 0 {
			if err := i.pause(ctx); err != nil {
				return err
			}
		}
		i.pauses++
		return nil
	case faults.OpCPU:
		i.limits = append(i.limits, p.CPUs)
		i.current().cpu.limit(i.cores())
		return nil
	case faults.OpBehave:
		i.behaviours = append(i.behaviours, p.Behaviour)
		if err := i.behave(ctx); err != nil {
			i.behaviours = i.behaviours[:len(i.behaviours)-1]
			return err
		}
		return nil
	default:
		return supports(p)
	}
}

// unact takes one primitive back. On an error it is still on.
func (i *instance) unact(ctx context.Context, p faults.Primitive) error {
	i.acts.Lock()
	defer i.acts.Unlock()
	switch p.Op {
	case faults.OpKill:
		if i.kills == 1 {
			if err := i.revive(ctx); err != nil {
				return err
			}
		}
		i.kills--
	case faults.OpPause:
		if i.pauses == 1 && i.kills == 0 {
			i.current().resume()
		}
		i.pauses--
	case faults.OpCPU:
		if at := slices.Index(i.limits, p.CPUs); at >= 0 {
			i.limits = slices.Delete(i.limits, at, at+1)
		}
		i.current().cpu.limit(i.cores())
	case faults.OpBehave:
		was := i.behaviours
		i.behaviours = slices.Clone(was)
		if at := slices.Index(i.behaviours, p.Behaviour); at >= 0 {
			i.behaviours = slices.Delete(i.behaviours, at, at+1)
		}
		if err := i.behave(ctx); err != nil {
			i.behaviours = was
			return err
		}
	}
	return nil
}

// pause stops the instance, after its counters were read: it can't be asked while it is stopped.
func (i *instance) pause(ctx context.Context) error {
	_ = i.read(ctx) // then the last reading stands
	i.current().pause()
	return nil
}

// behave tells the instance how to behave: as the newest behaviour says. A killed or paused process can't be
// told; a killed one is when it starts again.
func (i *instance) behave(ctx context.Context) error {
	if i.kills > 0 {
		return nil
	}
	if len(i.behaviours) == 0 {
		return i.admin(ctx, http.MethodDelete, "/behave", nil, nil)
	}
	return i.admin(ctx, http.MethodPut, "/behave", i.behaviours[len(i.behaviours)-1], nil)
}
