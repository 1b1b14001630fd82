// Package hooks runs commands of this machine where phases and faults begin and end, beside the run that reaches those: nothing of it waits.
package hooks

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Moment is a boundary that a run has reached: of a phase or of a fault, the other one is empty.
type Moment struct {
	Phase, Fault string
	// When is scenarios.HookBegin or HookEnd, At when it was, from the start of the first phase.
	When string
	At   time.Duration
}

// Run carries out a hook's command at a moment and returns its exit code; an error says why there is none: it could not be started, or
// was killed. It returns soon after ctx has ended, and leaves nothing behind.
type Run func(ctx context.Context, h scenarios.Hook, m Moment) (exit int, err error)

// Caller runs a scenario's hooks. Its methods are safe for concurrent use.
type Caller struct {
	hooks []scenarios.Hook
	run   Run
	tell  func(text string)

	mu      sync.Mutex
	phase   string // begun, and not ended
	running sync.WaitGroup
}

// New calls hooks; tell is told what each came to, in words. Where run is nil, none is run, which tell is told at once.
func New(hooks []scenarios.Hook, run Run, tell func(text string)) *Caller {
	return &Caller{hooks: hooks, run: run, tell: tell}
}

// Open says what is not run.
func (c *Caller) Open() {
	if c.run != nil {
		return
	}
	for _, h := range c.hooks {
		c.tell(fmt.Sprintf("hook %s is not run: this run carries out no hooks (squall run --allow-hooks does, in real time)", h.String()))
	}
}

// Reached starts what stands at a moment, and does not wait for it.
func (c *Caller) Reached(m Moment) {
	if c.run == nil {
		return
	}
	c.mu.Lock()
	if m.Phase != "" {
		c.phase = m.Phase
		if m.When == scenarios.HookEnd {
			c.phase = ""
		}
	}
	c.mu.Unlock()
	for _, h := range c.hooks {
		if h.Moment() == m.When && h.At == m.Phase+m.Fault {
			c.running.Go(func() { c.carryOut(h, m) })
		}
	}
}

// Cut ends the phase that is under way, where a run ends before its time.
func (c *Caller) Cut(at time.Duration) {
	c.mu.Lock()
	phase := c.phase
	c.mu.Unlock()
	if phase != "" {
		c.Reached(Moment{Phase: phase, When: scenarios.HookEnd, At: at})
	}
}

// Wait waits for those that still run: each is bounded by its own timeout.
func (c *Caller) Wait() { c.running.Wait() }

func (c *Caller) carryOut(h scenarios.Hook, m Moment) {
	ctx, cancel := context.WithTimeout(context.Background(), h.Bound())
	defer cancel()
	began := time.Now()
	exit, err := c.run(ctx, h, m)
	took := time.Since(began).Round(time.Millisecond)
	switch {
	case err != nil && ctx.Err() != nil:
		c.tell(fmt.Sprintf("hook %s failed: it had not ended within %s, and was killed", h.String(), h.Bound()))
	case err != nil:
		c.tell(fmt.Sprintf("hook %s failed after %s: %s", h.String(), took, err))
	case exit != 0:
		c.tell(fmt.Sprintf("hook %s failed: exit code %d after %s", h.String(), exit, took))
	default:
		c.tell(fmt.Sprintf("hook %s: exit code 0 after %s", h.String(), took))
	}
}
