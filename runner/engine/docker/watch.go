package docker

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"
)

// watch listens to the engine's events and reports every container of this run that ends and was
// not ended by a fault. It returns once the engine is listened to.
func (s *system) watch(ctx context.Context) error {
	info, err := s.engine.api.Info(ctx)
	if err != nil {
		return s.engine.unavailable(err)
	}
	// Events from the engine's own present on: a stream that breaks off is taken up where it ended.
	since := time.Now()
	if now, err := time.Parse(time.RFC3339Nano, info.SystemTime); err == nil {
		since = now
	}
	s.owned.Go(func() {
		for s.ctx.Err() == nil {
			s.watchFrom(&since)
			select {
			case <-s.ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	return nil
}

// watchFrom handles events until the stream breaks off or the system ends, and moves since on.
func (s *system) watchFrom(since *time.Time) {
	messages, errs := s.engine.api.Events(s.ctx, events.ListOptions{
		Since: fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond()),
		Filters: filters.NewArgs(filters.Arg("type", string(events.ContainerEventType)),
			filters.Arg("event", string(events.ActionDie)), filters.Arg("label", labelRun+"="+s.run)),
	})
	for {
		select {
		case message := <-messages:
			at := time.Unix(0, message.TimeNano)
			if at.Before(*since) {
				continue
			}
			*since = at.Add(1)
			s.ended(message)
		case <-errs:
			return
		}
	}
}

// ended takes the death of a container: one that was ordered is expected.
func (s *system) ended(message events.Message) {
	if s.ending() {
		return
	}
	what := message.Actor.Attributes[labelNode]
	if m := s.byName[what]; m != nil {
		if m.expected.Add(-1) >= 0 {
			return
		}
		m.expected.Add(1)
	}
	select {
	case s.died <- fmt.Errorf("%s ended by itself: %s; its log is %s", what, s.reason(message), s.logFile(what)):
	default: // nobody has taken the earlier ones
	}
}

// reason is why a container ended, in words.
func (s *system) reason(message events.Message) string {
	ctx, cancel := context.WithTimeout(s.ctx, 5*time.Second)
	defer cancel()
	code := message.Actor.Attributes["exitCode"]
	inspected, err := s.engine.api.ContainerInspect(ctx, message.Actor.ID)
	if err == nil && inspected.State != nil && inspected.State.OOMKilled {
		return "it used more memory than its limit of " + strconv.FormatInt(inspected.HostConfig.Memory>>20, 10) + " MB"
	}
	return "exit code " + code
}
