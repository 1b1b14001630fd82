package docker

import (
	"slices"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
)

// Who ended a container is told from what the engine saw of it: our own signals, others', or none, as where its process was killed on the host.
func TestWhoEndedAContainer(t *testing.T) {
	kill := func(number string) events.Message {
		return events.Message{Action: events.ActionKill, Actor: events.Actor{Attributes: map[string]string{"signal": number}}}
	}
	die := func(code string) events.Message {
		return events.Message{Action: events.ActionDie, Actor: events.Actor{Attributes: map[string]string{"exitCode": code}}}
	}
	for name, c := range map[string]struct {
		ours       bool
		seen       []events.Message
		what, door string
	}{
		"we killed it":                 {true, []events.Message{kill("9"), die("137")}, "", ""},
		"docker kill":                  {false, []events.Message{kill("9"), die("137")}, "SIGKILL", engineDoor},
		"docker stop":                  {false, []events.Message{kill("15"), die("0")}, "SIGTERM", engineDoor},
		"kill -9 of its process":       {false, []events.Message{die("137")}, "SIGKILL", hostDoor},
		"it ended by itself":           {false, []events.Message{die("2")}, "", engineDoor},
		"it ended by itself, all well": {false, []events.Message{die("0")}, "", engineDoor},
	} {
		var a acts
		if c.ours {
			a.end()
		}
		var what, door string
		for _, m := range c.seen {
			what, door = a.take(m)
		}
		if what != c.what || door != c.door {
			t.Errorf("%s: %q by %q, want %q by %q", name, what, door, c.what, c.door)
		}
	}
}

// What a busy engine tells twice of our own pauses is nobody's doing: of two deeds of ours that follow one another, and in their order. All else is told.
func TestEchoesOfAPause(t *testing.T) {
	const pause, resume = events.ActionPause, events.ActionUnPause
	for name, c := range map[string]struct {
		ours []events.Action
		late time.Duration // after the last of ours
		seen []events.Action
		told []events.Action
	}{
		"of a resume and a pause":                 {ours: []events.Action{pause, resume, pause}, seen: []events.Action{resume, pause}},
		"of a pause and a resume":                 {ours: []events.Action{pause, resume}, seen: []events.Action{pause, resume}},
		"somebody resumes what we have paused":    {ours: []events.Action{pause}, seen: []events.Action{resume}, told: []events.Action{resume}},
		"somebody does for the second time":       {ours: []events.Action{pause, resume, pause}, seen: []events.Action{resume}, told: []events.Action{resume}},
		"somebody pauses what we have let go on":  {ours: []events.Action{pause, resume}, seen: []events.Action{pause}, told: []events.Action{pause}},
		"somebody does, and takes it back, later": {ours: []events.Action{pause, resume}, late: time.Minute, seen: []events.Action{pause, resume}, told: []events.Action{pause, resume}},
		"somebody pauses what we never have":      {seen: []events.Action{pause, resume}, told: []events.Action{pause, resume}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a acts
			var told []events.Action
			var half *echo
			for _, action := range c.ours {
				a.add(action, 1)
				if what, _ := a.take(events.Message{Action: action, TimeNano: 1}); what != "" {
					t.Errorf("our own %s is told as %s of others", action, what)
				}
			}
			for _, action := range c.seen {
				m := events.Message{Action: action, TimeNano: 1 + c.late.Nanoseconds()}
				if what, _ := a.take(m); what == "" {
					t.Errorf("%s is taken for ours", action)
				}
				h, is := a.echoed(m)
				if !is {
					told = append(told, action)
				} else if h != nil {
					half = h
				}
			}
			if half != nil && a.alone(half) {
				told = append(told, half.action)
			}
			if !slices.Equal(told, c.told) {
				t.Errorf("told of %v, want %v", told, c.told)
			}
		})
	}
}

// Our letting it go on takes back somebody's pause, once, and no signal.
func TestWhatAResumeTakesBack(t *testing.T) {
	stop := events.Message{Action: events.ActionKill, Actor: events.Actor{Attributes: map[string]string{"signal": "19"}}}
	for name, c := range map[string]struct {
		seen []events.Message
		want bool
	}{
		"a pause":              {[]events.Message{{Action: events.ActionPause}}, true},
		"one taken back since": {[]events.Message{{Action: events.ActionPause}, {Action: events.ActionUnPause}}, false},
		"a SIGSTOP":            {[]events.Message{stop}, false},
		"nothing":              {nil, false},
	} {
		var a acts
		for _, m := range c.seen {
			a.take(m)
		}
		if got := a.thawed(); got != c.want || a.thawed() {
			t.Errorf("%s: %v, want %v, and once", name, got, c.want)
		}
	}
}

// The engine's own test of a container is told as a command that runs in it, like anybody's: it is known by what the container was made with.
func TestTheEnginesTestIsNobodysDoing(t *testing.T) {
	for want, c := range map[string]*container.Config{
		"":                             {},
		"pg_isready -U app":            {Healthcheck: &container.HealthConfig{Test: []string{"CMD", "pg_isready", "-U", "app"}}},
		"/bin/sh -c pg_isready":        {Healthcheck: &container.HealthConfig{Test: []string{"CMD-SHELL", "pg_isready"}}},
		"/bin/bash -ec redis-cli ping": {Shell: []string{"/bin/bash", "-ec"}, Healthcheck: &container.HealthConfig{Test: []string{"CMD-SHELL", "redis-cli ping"}}},
	} {
		if got := testCommand(c); got != want {
			t.Errorf("%+v: %q, want %q", c.Healthcheck, got, want)
		}
	}
	if got := testCommand(&container.Config{Healthcheck: &container.HealthConfig{Test: []string{"NONE"}}}); got != "" {
		t.Errorf("no test: %q", got)
	}
}
