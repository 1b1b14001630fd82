package docker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/squallhq/squall/runner/engine"
)

// told are the events that this run's containers are followed by.
var told = []events.Action{events.ActionKill, events.ActionDie, events.ActionStart, events.ActionPause, events.ActionUnPause, events.ActionUpdate}

// watch listens to the engine's events until owned ends: of every container of this run and of what networks they belong to, of our
// own doing or of somebody else's. It returns once the engine is listened to.
func (t *testbed) watch(ctx, owned context.Context) error {
	info, err := t.engine.api.Info(ctx)
	if err != nil {
		return t.engine.unavailable(err)
	}
	// Events from the engine's own present on: a stream that breaks off is taken up where it ended.
	since := time.Now()
	if now, err := time.Parse(time.RFC3339Nano, info.SystemTime); err == nil {
		since = now
	}
	containers := filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)), filters.Arg("label", labelRun+"="+t.Run.Run))
	for _, action := range told {
		containers.Add("event", string(action))
	}
	t.hear(owned, since, containers, func(m events.Message) { t.happened(owned, m) })
	networks := filters.NewArgs(filters.Arg("type", string(events.NetworkEventType)), // they have no labels
		filters.Arg("event", string(events.ActionConnect)), filters.Arg("event", string(events.ActionDisconnect)))
	out := plugs{}
	t.hear(owned, since, networks, func(m events.Message) { t.replugged(owned, out, m) })
	return nil
}

// hear handles events from a time on until owned ends, as the engine tells them.
func (t *testbed) hear(owned context.Context, since time.Time, which filters.Args, handle func(events.Message)) {
	heard := heard{from: since, last: since}
	t.owned.Go(func() {
		for owned.Err() == nil {
			t.watchFrom(owned, &heard, which, handle)
			select {
			case <-owned.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
}

// watchFrom handles events until the stream breaks off or ctx ends.
func (t *testbed) watchFrom(ctx context.Context, heard *heard, which filters.Args, handle func(events.Message)) {
	since := heard.again()
	messages, errs := t.engine.api.Events(ctx, events.ListOptions{
		Since: fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond()), Filters: which,
	})
	for {
		select {
		case message := <-messages:
			if heard.first(message) {
				handle(message)
			}
		case <-errs:
			return
		}
	}
}

// happened takes the engine's word of what was done to a container.
func (t *testbed) happened(ctx context.Context, message events.Message) {
	what := message.Actor.Attributes[labelNode]
	if message.Action == events.ActionStart {
		t.mu.Lock()
		t.started[message.Actor.ID] = what
		t.mu.Unlock()
	}
	c := t.follows[what]
	if c == nil || t.ending.Load() && message.Action != events.ActionDie {
		return
	}
	by, door := c.take(message)
	if message.Action == events.ActionDie {
		reason, starved := t.reason(ctx, message)
		if by != "" && !(starved && door == hostDoor) { // then it was the kernel
			reason = &engine.Outside{Door: door, What: by, At: time.Unix(0, message.TimeNano)}
		}
		if i := t.byName[what]; i != nil {
			i.end(reason)
		} else if !t.ending.Load() {
			t.Died(what, reason, "; its log is "+t.logFile(what))
		}
		return
	}
	if by == "" {
		return // it was us
	}
	n := engine.Notice{On: what, At: time.Unix(0, message.TimeNano), Door: door, What: by, Now: since(message)}
	if i := t.byName[what]; i != nil && message.Action == events.ActionStart {
		k := i.begin()
		// The edges lead nowhere while it is ended; an instance that can't be reached is found unhealthy.
		lead, cancel := context.WithTimeout(ctx, 5*time.Second)
		_ = i.redirect(lead, i.place.address())
		cancel()
		n.Process = k
	}
	t.Notice(n)
}

// reason is why a container ended by itself, in words; starved: for want of memory.
func (t *testbed) reason(ctx context.Context, message events.Message) (why error, starved bool) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	inspected, err := t.engine.api.ContainerInspect(ctx, message.Actor.ID)
	if err == nil && inspected.State != nil && inspected.State.OOMKilled {
		return fmt.Errorf("it used more memory than its limit of %d MB", inspected.HostConfig.Memory>>20), true
	}
	return errors.New("exit code " + message.Actor.Attributes["exitCode"]), false
}
