package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/sleep"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios/topology"
)

// Machined is a Testbed whose instances run on several machines (runner.Machines).
type Machined interface {
	// Beside are the instances on the machine of one, itself among them, and what the machine is called.
	Beside(instance string) (instances []string, machine string)
}

// Ending is a Process that tells how its last Stop went.
type Ending interface {
	// Stopped is false where it was not stopped, or that is not known.
	Stopped() (Stopped, bool)
}

// Stopped is how a Stop went: from when it was asked to end to its end, and whether it was killed as its grace was over.
type Stopped struct {
	Took   time.Duration
	Killed bool
}

// departures are the instances that go with machines: those that are lost, in silence, and those that are drained, with what their machines are called.
type departures struct {
	lost    []string
	drained map[string]string
}

// machines are what faults on machines come to. Where one is lost everybody there is killed, and silence is on every edge into and out of them, first, so
// that nobody is told by an end or a reset. Where one is drained everybody there is stopped. Other primitives stay as they are.
func (s *system) machines(primitives []faults.Primitive) (out []faults.Primitive, gone departures, err error) {
	gone.drained = map[string]string{}
	for _, p := range primitives {
		if !p.Op.TakesMachine() {
			out = append(out, p)
			continue
		}
		beside, machine, err := s.beside(p)
		if err != nil {
			return nil, departures{}, fmt.Errorf("inject %s: %w", p, err)
		}
		for _, one := range beside {
			_, drained := gone.drained[one]
			switch {
			case p.Op == faults.OpMachineLoss && !slices.Contains(gone.lost, one):
				gone.lost = append(gone.lost, one)
				out = append(out, faults.Primitive{Op: faults.OpKill, Instance: one})
			case p.Op == faults.OpMachineDrain && !drained:
				gone.drained[one] = machine
				out = append(out, faults.Primitive{Op: faults.OpStop, Instance: one, Untold: p.Untold})
			}
		}
	}
	for _, e := range s.plan.Edges {
		if slices.Contains(gone.lost, e.To) || slices.Contains(gone.lost, e.From) && !e.Client {
			out = append(out, faults.Primitive{Op: faults.OpOutage, Edge: e.Name, Outage: &faults.EdgeOutage{New: faults.NewHang, Open: faults.OpenLose}})
		}
	}
	return out, gone, nil
}

// oneOfMachines says why the machine of an instance can't be taken away: everything is on it.
func oneOfMachines(d Driver, i topology.Instance, p faults.Primitive) error {
	switch {
	case d.Has(runner.Machines):
		return nil
	case p.Op == faults.OpMachineLoss:
		return fmt.Errorf("%s runs where everything of the %s engine does, and that machine can't be lost without squall; use --engine kubernetes, or crash, or outage", i.Name, d.Name())
	default:
		return fmt.Errorf("%s runs where everything of the %s engine does, and there is no other machine that could stay while that is drained; use --engine kubernetes, or stop", i.Name, d.Name())
	}
}

var _ runner.Machined = (*system)(nil)

// Beside are the instances on the machine of one as things stand; nil: there is but one machine.
func (s *system) Beside(instance string) []string {
	testbed, is := s.testbed.(Machined)
	if i := s.byName[instance]; !is || i == nil || i.plan.Node.External != nil {
		return nil
	}
	out, _ := testbed.Beside(instance)
	return out
}

// beside are the instances on the machine that a primitive is on.
func (s *system) beside(p faults.Primitive) (instances []string, machine string, err error) {
	i, known := s.byName[p.Instance]
	if !known {
		return nil, "", fmt.Errorf("there is no instance %q", p.Instance)
	}
	if err := supports(s.driver, i.plan, p); err != nil {
		return nil, "", err
	}
	testbed, is := s.testbed.(Machined)
	if !is {
		return nil, "", errors.ErrUnsupported
	}
	instances, machine = testbed.Beside(p.Instance)
	return instances, machine, nil
}

// Movable is a Machined whose instances can come up on another machine than their own.
type Movable interface {
	// Move makes a place for an instance, which has ended, on another machine than the one where it was, and its next incarnation begins there.
	Move(ctx context.Context, instance string) (machine string, err error)
	// Home gives that place back, and its next incarnation begins where its first one did. It has ended.
	Home(ctx context.Context, instance string) error
}

// comeUp has those whose machines are drained come up on others, so long after all have ended, until the injection is undone.
func (j *injection) comeUp(primitives []faults.Primitive) {
	var after time.Duration
	for _, p := range primitives {
		after = max(after, p.Elsewhere)
	}
	if after == 0 || j.lifetime.Err() != nil {
		return
	}
	ctx, stay := context.WithCancel(j.lifetime)
	j.stay = stay
	for _, a := range j.acts {
		d, is := a.deeds.(*draining)
		if !is || d.how == nil {
			continue
		}
		if d.how.Stayed = a.on.plan.Node.Stays(); d.how.Stayed == "" {
			j.moving.Add(1)
			j.system.moves.Go(func() {
				defer j.moving.Done()
				j.move(ctx, a.on, d, after)
			})
		}
	}
}

// move has an instance come up on another machine.
func (j *injection) move(ctx context.Context, i *instance, d *draining, after time.Duration) {
	begun := time.Now()
	machine, err := i.makePlace(ctx)
	if err == nil {
		err = sleep.For(ctx, after-time.Since(begun))
	}
	i.acts.Lock()
	defer i.acts.Unlock()
	if err == nil && !i.gone {
		i.drop(j.id)
		i.add(j.id, []faults.Primitive{{Op: faults.OpMachineDrain, Instance: i.plan.Name}})
		if err = i.converge(ctx); err != nil { // it is ended, and stays so
			i.drop(j.id)
			i.add(j.id, []faults.Primitive{{Op: faults.OpStop, Instance: i.plan.Name}})
		}
	}
	switch {
	case err != nil && ctx.Err() != nil:
		d.how.Stayed = "it was not up before the fault was over"
	case err != nil:
		d.how.Stayed = err.Error()
	case i.down:
		d.how.Stayed = "another fault had ended it"
	default:
		away := time.Since(d.ended)
		d.how.Elsewhere, d.how.Away = machine, &away
	}
}

// makePlace has its next incarnation begin on another machine.
func (i *instance) makePlace(ctx context.Context) (machine string, err error) {
	to, is := i.testbed.(Movable)
	if !is {
		return "", fmt.Errorf("the %s engine has no other machine for it", i.driver.Name())
	}
	i.acts.Lock()
	moved := i.moved
	i.moved = true
	i.acts.Unlock()
	if moved {
		return "", errors.New("it has moved already")
	}
	return to.Move(ctx, i.plan.Name)
}

// goHome ends it on the machine where it has come up meanwhile; its next incarnation begins where its first one did. acts is held.
func (i *instance) goHome(ctx context.Context) error {
	if !i.down {
		if err := i.withdraw(ctx, i); err != nil {
			return fmt.Errorf("bring %q back to its machine: %w", i.plan.Name, err)
		}
		if err := i.terminate(ctx); err != nil {
			return err
		}
	}
	to, is := i.testbed.(Movable)
	if !is {
		return nil
	}
	if err := to.Home(ctx, i.plan.Name); err != nil {
		return fmt.Errorf("bring %q back to its machine: %w", i.plan.Name, err)
	}
	i.moved = false
	return nil
}

// drains has what becomes of those whose machines are drained told by the receipt, and loads told of them: who that is only the engine knows.
func (j *injection) drains(machines map[string]string) {
	j.system.mu.Lock()
	defer j.system.mu.Unlock()
	for _, a := range j.acts {
		name := a.on.plan.Name
		if machine, is := machines[name]; is {
			a.deeds = &draining{of: a.on, machine: machine}
			j.system.drained[name] = true
		}
	}
}

// emptied notes what became of the traffic of those whose machines are drained, once they are.
func (j *injection) emptied(ctx context.Context) {
	var drained []*draining
	for _, a := range j.acts {
		if d, is := a.deeds.(*draining); is {
			drained = append(drained, d)
		}
	}
	if len(drained) == 0 {
		return
	}
	for deadline := time.Now().Add(settles); ; {
		now, err := j.traffic(ctx)
		if err != nil {
			return // then it is not known
		}
		waiting := false
		for _, d := range drained {
			waiting = d.traffic(j.before, now) || waiting
		}
		if !waiting || time.Now().After(deadline) || sleep.For(ctx, settlePause) != nil {
			return
		}
	}
}

// settles bounds how long meshes may take to see the last end of those that have ended.
const (
	settles     = time.Second
	settlePause = 20 * time.Millisecond
)

// tellLoads tells the loads that an instance whose machine is drained goes, or is back.
func (s *system) tellLoads(instance string, out bool) {
	s.mu.Lock()
	drained := s.drained[instance]
	s.mu.Unlock()
	if drained && s.withdrawLoads != nil {
		s.withdrawLoads(instance, out)
	}
}
