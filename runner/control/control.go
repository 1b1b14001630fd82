// Package control is how people reach a run under way from outside its process: HTTP on a loopback address, with the run's token, and the
// client of it. docs/control.openapi.yaml describes it.
package control

import (
	"time"
)

// File is the file in a run's folder that says where its control answers, and with which token: for its owner alone.
const File = "control.json"

// Address is what the file holds.
type Address struct {
	// URL of the control, on a loopback address.
	URL string `json:"url"`
	// Token is what every request carries, as in Authorization: Bearer TOKEN.
	Token string `json:"token"`
	// PID is the process that makes the run.
	PID int `json:"pid"`
	// Page is the link to the run's page, Spectators the one for those who only look on; "" where none is served.
	Page       string `json:"page,omitempty"`
	Spectators string `json:"spectators,omitempty"`
}

// Asked is what a request may carry; each verb takes some of it.
type Asked struct {
	// Who asks, as they say themselves.
	Who string `json:"who,omitempty"`
	// Fault in the scenario's words, as in "latency: 300ms, on: orders -> payments".
	Fault string `json:"fault,omitempty"`
	// DryRun only says what the fault would reach. Yes puts it on also where that is over the scenario's guard.
	DryRun bool `json:"dry_run,omitempty"`
	Yes    bool `json:"yes,omitempty"`
	// For is how long it stays on, or the longest that a phase is held, as in "30s".
	For string `json:"for,omitempty"`
	// Act is what it is called by, 0 for all.
	Act int `json:"act,omitempty"`
	// Load is what becomes of the loads' rates: x2 of all, shoppers=x2 or shoppers=300/s of one; x1 is the plan's again.
	Load string `json:"load,omitempty"`
	// Text of a note or a mark, or why a run is aborted.
	Text string `json:"text,omitempty"`
}

// Done is what came of a request.
type Done struct {
	// On is what is on now because of it; Off are the acts that it took off.
	On  *On   `json:"on,omitempty"`
	Off []int `json:"off,omitempty"`
	// Loads are those whose rates were changed.
	Loads []string `json:"loads,omitempty"`
	// Blast is what the fault reaches, or would.
	Blast *Blast `json:"blast,omitempty"`
	// Phase is the one that is held, that goes on, that begins now or that is left out; absent where none begins any more.
	Phase string `json:"phase,omitempty"`
	// UntilS is when a hold ends by itself.
	UntilS *float64 `json:"until_s,omitempty"`
	// Error is why it was refused.
	Error string `json:"error,omitempty"`
}

// Standing is a run as it stands. Times count from the start of the first phase.
type Standing struct {
	Run      string `json:"run"`
	Scenario string `json:"scenario"`
	State    string `json:"state"`
	Phase    string `json:"phase"`
	// Next is the phase that comes after it, "" where none does.
	Next string `json:"next"`
	// Held tells that somebody holds the phase, HeldUntilS when that ends by itself.
	Held       bool     `json:"held"`
	HeldUntilS *float64 `json:"held_until_s,omitempty"`
	// Waits tells that the phase waits for somebody who says go.
	Waits bool `json:"waits"`
	// Phases are those that were and those that will be, as things stand, or as if the hold ended now.
	Phases   []Phase   `json:"phases"`
	ElapsedS float64   `json:"elapsed_s"`
	TotalS   float64   `json:"total_s"`
	On       []On      `json:"on"`
	Paces    []Paced   `json:"paces"`
	Coming   []Coming  `json:"coming"`
	Requests []Request `json:"requests"`
	Edges    []Edge    `json:"edges"`
	Queues   []Queue   `json:"queues"`
	Breakers []Breaker `json:"breakers"`
}

// Phase is one of the run's.
type Phase struct {
	Name   string  `json:"name"`
	StartS float64 `json:"start_s"`
	EndS   float64 `json:"end_s"`
}

// Paced is a load at a pace that somebody gave it: x2 of its plan, or 300/s.
type Paced struct {
	Load   string  `json:"load"`
	Pace   string  `json:"pace"`
	Who    string  `json:"who,omitempty"`
	Door   string  `json:"door"`
	SinceS float64 `json:"since_s"`
}

// Coming is a planned fault whose countdown has begun.
type Coming struct {
	What string  `json:"what"`
	AtS  float64 `json:"at_s"`
}

// On is a fault that is on.
type On struct {
	// Act is what it is called by, 0 where the plan has it; Who put it on, and by which door.
	Act  int    `json:"act"`
	Who  string `json:"who,omitempty"`
	Door string `json:"door,omitempty"`
	What string `json:"what"`
	// Target is what it was put on, in the same words; Hits are the edges and instances that this is.
	Target string   `json:"target"`
	Hits   []string `json:"hits"`
	SinceS float64  `json:"since_s"`
	UntilS float64  `json:"until_s"`
}

// Request is one kind of request over the last whole second: those whose outcome came to be known in it, and Sent of them all.
type Request struct {
	Load     string  `json:"load"`
	Request  string  `json:"request"`
	Sent     int64   `json:"sent"`
	OK       int64   `json:"ok"`
	Degraded int64   `json:"degraded"`
	Failed   int64   `json:"failed"`
	P99Ms    float64 `json:"p99_ms"`
}

// Edge is what crossed the edges between two nodes between the last two readings.
type Edge struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Attempts int64  `json:"attempts"`
	Failures int64  `json:"failures"`
	GaveUp   int64  `json:"gave_up"`
}

// Queue is what waits in a queue or a stream.
type Queue struct {
	From    string  `json:"from"`
	To      string  `json:"to"`
	Waiting int64   `json:"waiting"`
	OldestS float64 `json:"oldest_s"`
}

// Breaker is how many of a node's circuit breakers are open.
type Breaker struct {
	Node string `json:"node"`
	Open int    `json:"open"`
}

// DefaultFor is how long a fault stays on that says nothing about it.
const DefaultFor = 30 * time.Second

// Door is what this one is called in the record.
const Door = "squall ctl"

// HTTPDoor is what it is called where somebody asks over HTTP who is no client of ours.
const HTTPDoor = "HTTP"
