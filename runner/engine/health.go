package engine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/squallhq/squall/runner/engine/health"
	"github.com/squallhq/squall/scenarios"
)

// awaitHealth waits until an instance is healthy, and gives up when it ends.
func (i *instance) awaitHealth(ctx context.Context, p Process) error {
	if attended, is := p.(Attended); is {
		err := attended.AwaitHealth(ctx)
		if err != nil && over(p) {
			return &earlyEnd{health.ErrEnded.Error(), p.Err()}
		}
		return err
	}
	err := health.Await(ctx, p.Done(), func(ctx context.Context) error { return i.look(ctx, p) })
	if errors.Is(err, health.ErrEnded) {
		return &earlyEnd{health.ErrEnded.Error(), p.Err()}
	}
	return err
}

// awaitEnd waits until a job has ended, and wants it to have ended well.
func (i *instance) awaitEnd(ctx context.Context, p Process) error {
	select {
	case <-p.Done():
		if how := p.Err(); how != nil {
			return &earlyEnd{"the job failed", how}
		}
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// late is what it has not done when it takes too long to start.
func (i *instance) late() string {
	if i.plan.Node.Job != nil {
		return "had not ended"
	}
	return "was not healthy"
}

// NeverReady is an engine's word that an instance is not going to be ready.
type NeverReady = health.NeverReady

// patience bounds how long a start may take until an instance is healthy.
func (i *instance) patience() time.Duration {
	if j := i.plan.Node.Job; j != nil {
		return cmp.Or(j.Timeout, scenarios.DefaultJobTimeout)
	}
	if r := i.plan.Node.Readiness; r != nil && i.image() {
		return max(i.layout.Health, r.Patience())
	}
	return i.layout.Health
}

// look tells whether an instance is healthy now, as its healthcheck says where it has one.
func (i *instance) look(ctx context.Context, p Process) error {
	i.mu.Lock()
	at := i.addresses
	i.mu.Unlock()
	target := health.Target{Node: i.plan.Node, Address: at.Listen, Admin: at.Admin, Site: i.site, Client: i.client, Dial: i.testbed.Dial}
	if tested, can := p.(Tested); can {
		target.Test = tested.Ready
	}
	return target.Look(ctx)
}
