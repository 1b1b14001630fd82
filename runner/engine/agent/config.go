// Package agent stands beside one instance where an engine can't: it is process 1 of a pod, or a child, and runs the built-in node or
// somebody else's program as its own child. What is done to an instance (kill, stop, pause, restart) it does at once and on the spot; the
// instance keeps its address and its data, and nobody's back-off holds it up. It needs no privilege.
//
// Whoever has its token tells it over HTTP, on a Unix socket or an address. What it runs dies with it: as process 1 it takes its namespace
// along, and elsewhere the kernel kills its child (Pdeathsig); only what that child has started itself may outlive a kill -9 of an agent that
// is not process 1.
package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Config is an agent's, as JSON.
type Config struct {
	// Control is where it is told: unix:PATH, or HOST:PORT.
	Control string `json:"control"`
	// Token is what whoever tells it must show. TokenFile, in its place, is where it is.
	Token     string `json:"token,omitempty"`
	TokenFile string `json:"token_file,omitempty"`
	// Instance is what it runs, for its words.
	Instance string `json:"instance"`
	// Program is what it runs: its words. Empty: the built-in node of this binary.
	Program []string `json:"program,omitempty"`
	// Dir is where that begins; empty: where the agent does.
	Dir string `json:"dir,omitempty"`
	// Env is added to the agent's own environment for it.
	Env []string `json:"env,omitempty"`
	// Grace is how long what runs may take to end when the agent is asked to end. Default 10 s.
	Grace time.Duration `json:"grace,omitempty"`
}

// DefaultGrace is how long what runs may take to end when the agent is asked to.
const DefaultGrace = 10 * time.Second

// unixPrefix begins the address of a Unix socket.
const unixPrefix = "unix:"

// network is where Control is, as package net says it.
func (c Config) network() (network, address string) {
	if path, is := strings.CutPrefix(c.Control, unixPrefix); is {
		return "unix", path
	}
	return "tcp", c.Control
}

func (c Config) validate() error {
	var errs []error
	if c.Token == "" {
		errs = append(errs, errors.New("token: an agent needs one, since who has it runs any command beside the instance"))
	}
	switch network, address := c.network(); network {
	case "unix":
		if address == "" {
			errs = append(errs, errors.New("control: unix: names no path; use unix:/run/squall/agent.sock"))
		}
	default:
		if _, _, err := net.SplitHostPort(address); err != nil {
			errs = append(errs, fmt.Errorf("control: %q is no HOST:PORT and no unix:PATH: %w", c.Control, err))
		}
	}
	if c.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace: %s can't be negative", c.Grace))
	}
	return errors.Join(errs...)
}

// The routes. Events and logs, state and clock are GET, all others POST with a JSON body.
const (
	routeStart  = "/v1/start"
	routeKill   = "/v1/kill"
	routeStop   = "/v1/stop"
	routePause  = "/v1/pause"
	routeResume = "/v1/resume"
	routeAgain  = "/v1/restart"
	routeSignal = "/v1/signal"
	routeLimit  = "/v1/limit"
	routeHealth = "/v1/health"
	routeRun    = "/v1/run"
	routeState  = "/v1/state"
	routeEvents = "/v1/events"
	routeLogs   = "/v1/logs"
	routeClock  = "/v1/clock"
)

// Start is an order to begin an incarnation.
type Start struct {
	// Config is a built-in node's, which it is given on its standard input; nil for a program, and at a restart for what it had.
	Config json.RawMessage `json:"config,omitempty"`
	// Within bounds how long a built-in node may take to say where it listens. Default 30 s.
	Within time.Duration `json:"within,omitempty"`
}

// When is an order's time, by the agent's clock: at once where it is zero or past. An order that waits is dropped when whoever gave it
// does not wait for it any more.
type When struct {
	At time.Time `json:"at,omitzero"`
	// Grace is how long what is to be stopped may take; then it is killed.
	Grace time.Duration `json:"grace,omitempty"`
}

// Again is an order to end what runs and to begin it anew, with what it was told.
type Again struct {
	When
	// Softly asks it to end as SIGTERM does, and kills it when Grace is over; else it is killed.
	Softly bool `json:"softly,omitempty"`
	// Delay is from its end to its new begin.
	Delay time.Duration `json:"delay,omitempty"`
}

// Done is the answer to an order.
type Done struct {
	// At is when it was done, by the agent's clock: when it had begun, had ended, stood still or went on.
	At time.Time `json:"at"`
	// Incarnation is the one that it was done to, counted from 1.
	Incarnation int64 `json:"incarnation"`
	// Ended is when the earlier one had ended, of a restart.
	Ended time.Time `json:"ended,omitzero"`
	// Asked is when it was asked to end, of a stop; Killed tells that it was killed then, as its grace was over or nobody waited any more.
	Asked  time.Time `json:"asked,omitzero"`
	Killed bool      `json:"killed,omitempty"`
	// Said is what a built-in node said when it had begun: its addresses.
	Said json.RawMessage `json:"said,omitempty"`
}

// Phase is what an instance does.
type Phase string

// The phases of an instance.
const (
	// Idle: nothing has begun yet.
	Idle    Phase = "idle"
	Running Phase = "running"
	Paused  Phase = "paused"
	Ended   Phase = "ended"
)

// State is what there is now.
type State struct {
	Phase       Phase     `json:"phase"`
	Incarnation int64     `json:"incarnation"`
	PID         int       `json:"pid,omitempty"`
	Since       time.Time `json:"since,omitzero"`
	// CPU is what this incarnation has used, with all that it has started.
	CPU time.Duration `json:"cpu"`
	// Exit is how it has ended, where it has.
	Exit *Exit `json:"exit,omitempty"`
	// Orphans is how many processes of others' leaving the agent has reaped.
	Orphans int64 `json:"orphans"`
	// CPULimit and MemoryLimit say why the agent can't hold it to one; empty: it can.
	CPULimit    string `json:"cpu_limit,omitempty"`
	MemoryLimit string `json:"memory_limit,omitempty"`
}

// Exit is how an incarnation has ended.
type Exit struct {
	At time.Time `json:"at"`
	// Code is its exit code, -1 where a signal has ended it: Signal, as in SIGKILL.
	Code   int    `json:"code"`
	Signal string `json:"signal,omitempty"`
	// Asked tells that it was ended by an order, or as the agent was to end.
	Asked bool `json:"asked,omitempty"`
	// Starved tells that the kernel has killed it for want of memory.
	Starved *Starved `json:"starved,omitempty"`
	// Words are the last lines that it said.
	Words string `json:"words,omitempty"`
}

// Starved is an end for want of memory.
type Starved struct {
	// Limit is how much there was, in bytes; nil: that could not be read.
	Limit *int64 `json:"limit"`
}

// Well tells that it ended without an error.
func (e Exit) Well() bool { return e.Code == 0 && e.Signal == "" }

// Event is something that happened to the instance.
type Event struct {
	// Number counts an agent's events from 1.
	Number      int64     `json:"number"`
	At          time.Time `json:"at"`
	Incarnation int64     `json:"incarnation"`
	Kind        EventKind `json:"kind"`
	// Exit is how it ended, of Ends.
	Exit *Exit `json:"exit,omitempty"`
	// Starved is what something of it was killed for, of Starves.
	Starved *Starved `json:"starved,omitempty"`
	// Log is where its words begin in the log, of Begins.
	Log int64 `json:"log,omitempty"`
}

// EventKind is the sort of an event.
type EventKind string

// The sorts of events. Stops and GoesOn are what somebody else did to it, by a signal.
const (
	Begins  EventKind = "begins"
	Ends    EventKind = "ends"
	Stops   EventKind = "stops"
	GoesOn  EventKind = "goes on"
	Starves EventKind = "starves"
)
