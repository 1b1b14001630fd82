package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/squallhq/squall/runner"
)

// starvedSoFar is how often something of it was killed for want of memory.
func (i *instance) starvedSoFar() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.starvations
}

// spell is what faults do to an instance from time to time.
type spell struct {
	on    bool
	until time.Time // when it was over last
}

// since tells that it is on, or was after a moment.
func (s *spell) since(moment time.Time) bool { return s.on || moment.Before(s.until) }

// suffers tells that a fault does something to it from now on, or does not any more.
func (i *instance) suffers(s *spell, on bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if s.on && !on {
		s.until = time.Now()
	}
	s.on = on
}

// starve counts what the kernel has killed of it for want of memory, and tells whether a fault had limited that then: it may be over
// by the time that it is told.
func (i *instance) starve(how *Starved) (byFault bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.starvations++
	return i.starving.since(how.At)
}

// starvedToDeath tells that an incarnation has ended for want of memory that a fault has limited. It is started again when that is
// over, as after a kill.
func (i *instance) starvedToDeath(p Process) bool {
	var how *Starved
	if !errors.As(p.Err(), &how) || !i.starve(how) {
		return false
	}
	i.fall(p, fmt.Errorf("instance %q was killed under its fault: %w", i.plan.Name, how), "for want of memory", func() bool { return i.leastMemory() > 0 })
	return true
}

// fall takes note that an incarnation has ended as a fault was to bring about, tells it, and lets its callers be refused, as after a
// crash. It is started again when the fault is over, which it may be by the time that its end is told; on is asked while acts is held.
func (i *instance) fall(p Process, told error, why string, on func() bool) {
	i.mu.Lock()
	i.fallen = p
	i.mu.Unlock()
	i.tellHarm(told)
	i.system.watches.Go(func() {
		i.acts.Lock()
		defer i.acts.Unlock()
		if i.gone || i.down || !i.hasFallen() {
			return
		}
		i.ended()
		ctx, cancel := context.WithTimeout(i.lifetime, i.patience())
		defer cancel()
		_ = p.Kill(ctx) // it has ended: who calls it is refused
		if on() {
			return
		}
		if err := i.converge(ctx); err != nil {
			i.died(fmt.Errorf("instance %q ended %s and did not start again: %w", i.plan.Name, why, err))
		}
	})
}

// hasFallen tells that the present incarnation has ended as a fault was to bring about.
func (i *instance) hasFallen() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fallen != nil && i.fallen == i.process
}

// starved takes a driver's word that something in an instance was killed, and that it goes on.
func (s *system) starved(name string, how *Starved) {
	i := s.byName[name]
	if i == nil {
		return
	}
	err := fmt.Errorf("a process of instance %q was killed: %w", name, how)
	if i.starve(how) {
		s.tellHarm(err)
		return
	}
	s.tellDeath(err)
}

// tellHarm tells of what a fault has brought about.
func (s *system) tellHarm(err error) { s.tellDeath(&runner.ByFault{Err: err}) }

func (s *system) tellDeath(err error) {
	select {
	case s.deaths <- err:
	default: // more deaths than instances: each was told once
	}
}
