package faults

import (
	"fmt"
	"time"
)

// SlowAccept keeps new connections waiting before anything passes.
type SlowAccept struct {
	// How long a new connection waits before its first byte passes.
	Delay time.Duration `yaml:"slow_accept" json:"slow_accept"`
}

var _ Kind = SlowAccept{}

// Kind is "slow_accept".
func (SlowAccept) Kind() string { return "slow_accept" }

func (s SlowAccept) String() string { return "slow accept " + s.Delay.String() }

// Scope is edges.
func (SlowAccept) Scope() Scope { return ScopeEdges }

// Validate refuses delays that are not positive.
func (s SlowAccept) Validate() error {
	if s.Delay <= 0 {
		return fmt.Errorf("slow_accept must be more than 0s, it is %s", s.Delay)
	}
	return nil
}

// Compile is one outage for each edge, which open connections pass.
func (s SlowAccept) Compile(t Targets) []Primitive {
	return outages(t, EdgeOutage{New: NewSlow, Open: OpenPass, Delay: s.Delay})
}

var slowAcceptEntry = Entry{Word: "slow_accept", Zero: SlowAccept{}, Selection: SelectOn, Explain: Explanation{
	Summary: "A new connection waits before anything passes it.",
	New:     "connect succeeds, nothing passes for the given time, then all of it",
	Open:    "as without the fault",
	Lifted:  "new connections work at once; those that wait go on at once, and have lost nothing",
	Example: "{slow_accept: 2s, on: orders -> payments}",
}}
