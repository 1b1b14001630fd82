package faults

import (
	"fmt"
	"time"
)

// Slow makes built-in nodes slower themselves: their workers are busy for longer, so that, other
// than under latency on an edge, they can serve fewer requests.
type Slow struct {
	// How much longer each answer takes; a worker is busy for it. 0s with a factor.
	Added time.Duration `yaml:"slow" json:"slow"`
	// The node's own work takes this many times as long. Default 1.
	Factor float64 `yaml:"factor" zero:"nothing is done in no time" json:"factor,omitempty"`
}

var _ Checker = Slow{}

// Kind is "slow".
func (Slow) Kind() string { return "slow" }

func (s Slow) String() string {
	switch {
	case s.Factor == 0 || s.Factor == 1:
		return "slow +" + s.Added.String()
	case s.Added == 0:
		return fmt.Sprintf("slow ×%g", s.Factor)
	default:
		return fmt.Sprintf("slow +%s ×%g", s.Added, s.Factor)
	}
}

// Scope is instances.
func (Slow) Scope() Scope { return ScopeInstances }

// Validate refuses what would change nothing, and negative sizes.
func (s Slow) Validate() error {
	if !(s.Factor >= 0) {
		return fmt.Errorf("factor can't be %g: use more than 1, as in 3", s.Factor)
	}
	if s.Added == 0 && (s.Factor == 0 || s.Factor == 1) {
		return fmt.Errorf("slow adds nothing: give a time, as in 300ms, or a factor, as in 3")
	}
	return checkDuration("slow", s.Added)
}

// Check wants built-in nodes.
func (s Slow) Check(t Targets) error {
	return t.builtIn(s)
}

// Compile is one behaviour for each instance.
func (s Slow) Compile(t Targets) []Primitive {
	return behave(t, Behaviour{Slow: s.Added, Factor: max(s.Factor, 0)})
}

var slowEntry = Entry{Word: "slow", Zero: Slow{}, Selection: SelectOn, Explain: Explanation{
	Summary: "Built-in nodes take longer for each answer and keep a worker busy for it: other than under latency, they serve fewer requests.",
	New:     "connects at once; answers take longer, and requests queue when no worker is free",
	Open:    "answers take longer, and requests queue when no worker is free",
	Lifted:  "new requests take as long as ever; those in work end in their own time, the queue is worked off",
	Example: "{slow: 300ms, on: payments}",
}}
