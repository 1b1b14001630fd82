package docker

import (
	"testing"

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
