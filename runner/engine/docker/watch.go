package docker

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/squallhq/squall/runner/engine"
)

// told are the events that this run's containers are followed by.
var told = []events.Action{events.ActionKill, events.ActionDie, events.ActionStart, events.ActionPause, events.ActionUnPause, events.ActionUpdate, events.ActionOOM}

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
	for _, action := range append(told, insideActions...) {
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
	if is, did := t.inside(ctx, message); is {
		if did != "" {
			t.Notice(engine.Notice{On: what, At: time.Unix(0, message.TimeNano), Door: engineDoor, What: did})
		}
		return
	}
	if message.Action == events.ActionOOM {
		t.starved(ctx, what, time.Unix(0, message.TimeNano))
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
	if by == "" { // it was us
		if message.Action == events.ActionUnPause && c.thawed() {
			t.Notice(engine.Notice{On: what, At: time.Unix(0, message.TimeNano), Now: engine.Running, Ours: true})
		}
		return
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
	t.noticeUnlessEchoed(ctx, c, message, n)
}

// reason is why a container ended by itself, in words; starved: for want of memory. The engine tells that of a container in which
// anything was ever killed so: what has ended it was then the kernel's kill, or something else.
func (t *testbed) reason(ctx context.Context, message events.Message) (why error, starved bool) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	code := message.Actor.Attributes["exitCode"]
	inspected, err := t.engine.api.ContainerInspect(ctx, message.Actor.ID)
	if err != nil || inspected.State == nil || !inspected.State.OOMKilled {
		if code == "0" {
			return nil, false
		}
		return errors.New("exit code " + code), false
	}
	how := &engine.Starved{Limit: inspected.HostConfig.Memory, At: time.Unix(0, message.TimeNano)}
	if code != exitKilled {
		return fmt.Errorf("exit code %s, after a process in it was killed: %w", code, how), false
	}
	return how, true
}

// starvedFor is how long after the kernel has killed a process for want of memory its container may take to end of that.
const starvedFor = 3 * time.Second

// starved takes the engine's word that the kernel has killed a process in a container. Where it was all that ran there its end is told.
func (t *testbed) starved(ctx context.Context, what string, at time.Time) {
	i := t.byName[what]
	if i == nil {
		return // the mesh can't do without its process
	}
	i.mu.Lock()
	if len(i.running) == 0 {
		i.mu.Unlock()
		return
	}
	k := i.running[len(i.running)-1]
	i.mu.Unlock()
	t.owned.Go(func() {
		select {
		case <-k.ended:
			return
		case <-ctx.Done():
			return
		case <-time.After(starvedFor):
		}
		inspected, err := t.engine.api.ContainerInspect(ctx, i.id)
		if err != nil || !inspected.State.Running || t.ending.Load() {
			return
		}
		for range k.starvation.untold(at, func() (int64, bool) { return t.engine.kills(ctx, i.id) }) {
			t.Starved(what, &engine.Starved{Limit: inspected.HostConfig.Memory, At: at})
		}
	})
}

// insideActions are what the engine is told to do inside a container: to run a command there, or to put files there. The engine appends
// the command to the first one's name.
var insideActions = []events.Action{events.ActionExecStart, events.ActionExtractToDir}

// inside tells whether an event is of something that was done inside a container, and what, in words; "": it was the engine's test of it,
// or us. Of a command that is its program alone: what else it was told may be secret.
func (t *testbed) inside(ctx context.Context, m events.Message) (is bool, what string) {
	if m.Action == events.ActionExtractToDir {
		if c := t.follows[m.Actor.Attributes[labelNode]]; c != nil && c.asked(m.Action) {
			return true, ""
		}
		return true, "files copied into it"
	}
	command, is := strings.CutPrefix(string(m.Action), string(events.ActionExecStart)+": ")
	if !is || command == t.testOf(ctx, m.Actor.ID) {
		return is, ""
	}
	if c := t.follows[m.Actor.Attributes[labelNode]]; c != nil && c.asked(events.ActionExecStart) {
		return true, ""
	}
	program, _, _ := strings.Cut(command, " ")
	return true, "ran " + path.Base(program) + " in it"
}

// testOf is the command by which the engine tests a container, as its events have it; "": it tests none. Only the goroutine that follows
// containers asks.
func (t *testbed) testOf(ctx context.Context, id string) string {
	if command, known := t.tests[id]; known {
		return command
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	inspected, err := t.engine.api.ContainerInspect(ctx, id)
	if err != nil {
		return ""
	}
	t.tests[id] = testCommand(inspected.Config)
	return t.tests[id]
}

// testCommand is a healthcheck's command in one line, as the engine writes it.
func testCommand(c *container.Config) string {
	if c == nil || c.Healthcheck == nil || len(c.Healthcheck.Test) < 2 {
		return ""
	}
	words := slices.Clone(c.Healthcheck.Test[1:])
	if c.Healthcheck.Test[0] == "CMD-SHELL" {
		shell := []string(c.Shell)
		if len(shell) == 0 {
			shell = []string{"/bin/sh", "-c"}
		}
		words = append(slices.Clone(shell), words...)
	}
	return strings.Join(words, " ")
}
