package faults

import "time"

// Promote makes replicas of databases primaries, as an operator or a cluster manager does who has given the old
// primary up.
type Promote struct{}

var (
	_ Kind    = Promote{}
	_ Lasting = Promote{}
)

// promoteLasts is how long a promotion counts as on, so that the traffic that turns to the new primary is seen to
// meet it: it is done in a moment, and stays.
const promoteLasts = time.Second

// Kind is "promote".
func (Promote) Kind() string { return "promote" }

func (Promote) String() string { return "promote" }

// Scope is instances.
func (Promote) Scope() Scope { return ScopeInstances }

// Lasts is a moment.
func (Promote) Lasts() (time.Duration, string) { return promoteLasts, "promote" }

// Validate has nothing to refuse.
func (Promote) Validate() error { return nil }

// Compile is one behaviour for each instance.
func (Promote) Compile(t Targets) []Primitive { return behave(t, Behaviour{Promote: true}) }
