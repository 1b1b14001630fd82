package faults

import (
	"fmt"
	"time"
)

// Promote makes replicas of databases primaries, as an operator or a cluster manager does who has given the old
// primary up: of a built-in database, or of a standby of PostgreSQL (pg_promote).
type Promote struct{}

var (
	_ Kind    = Promote{}
	_ Checker = Promote{}
	_ Lasting = Promote{}
)

// promoteLasts is how long a promotion counts as on: it is done in a moment, and what it did stays; recovery counts from its end.
const promoteLasts = 100 * time.Millisecond

// Kind is "promote".
func (Promote) Kind() string { return "promote" }

func (Promote) String() string { return "promote" }

// Scope is instances.
func (Promote) Scope() Scope { return ScopeInstances }

// Lasts is a moment.
func (Promote) Lasts() (time.Duration, string) { return promoteLasts, "promote" }

// Validate has nothing to refuse.
func (Promote) Validate() error { return nil }

// Check wants replicas.
func (Promote) Check(t Targets) error {
	for _, n := range t.Nodes {
		if n.ReplicaOf == "" {
			return fmt.Errorf("promote is for replicas, and %q is none (it has no replica_of)", n.Name)
		}
	}
	return nil
}

// Compile is one ask of each instance.
func (Promote) Compile(t Targets) []Primitive { return ask(t, Ask{Promote: true}) }

var promoteEntry = Entry{Word: "promote", Zero: Promote{}, Selection: SelectValue, Explain: Explanation{
	Summary: "A replica stops following and takes writes: the operator's answer to the loss of a primary. What had not reached it is lost.",
	New:     "connects at once; writes are taken, where they were refused (25006) before",
	Open:    "writes are taken, where they were refused (25006) before",
	Lifted:  "it is a moment (100ms): who was promoted stays the primary, and an old one that it reaches takes no more writes; a real PostgreSQL is not told, and goes on if it is there",
	Example: "{promote: catalog-replica-1}",
}}
