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

// watch listens to the engine's events until owned ends: of every container of this run that ends. It returns once
// the engine is listened to.
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
	t.owned.Go(func() {
		for owned.Err() == nil {
			t.watchFrom(owned, &since)
			select {
			case <-owned.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	return nil
}

// watchFrom handles events until the stream breaks off or ctx ends, and moves since on.
func (t *testbed) watchFrom(ctx context.Context, since *time.Time) {
	messages, errs := t.engine.api.Events(ctx, events.ListOptions{
		Since: fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond()),
		Filters: filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)),
			filters.Arg("event", string(events.ActionDie)), filters.Arg("label", labelRun+"="+t.Run.Run)),
	})
	for {
		select {
		case message := <-messages:
			at := time.Unix(0, message.TimeNano)
			if at.Before(*since) {
				continue
			}
			*since = at.Add(1)
			t.ended(ctx, message)
		case <-errs:
			return
		}
	}
}

// ended takes the end of a container: whose it was knows whether somebody wanted it.
func (t *testbed) ended(ctx context.Context, message events.Message) {
	what := message.Actor.Attributes[labelNode]
	if i := t.byName[what]; i != nil {
		i.end(t.reason(ctx, message))
	} else if !t.ending.Load() {
		t.Died(engine.Ended(what, t.reason(ctx, message), "; its log is "+t.logFile(what)))
	}
}

// reason is why a container ended, in words.
func (t *testbed) reason(ctx context.Context, message events.Message) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	inspected, err := t.engine.api.ContainerInspect(ctx, message.Actor.ID)
	if err == nil && inspected.State != nil && inspected.State.OOMKilled {
		return fmt.Errorf("it used more memory than its limit of %d MB", inspected.HostConfig.Memory>>20)
	}
	return errors.New("exit code " + message.Actor.Attributes["exitCode"])
}
