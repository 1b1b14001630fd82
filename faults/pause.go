package faults

// Pause stops instances where they are (SIGSTOP, or a container's pause), as a long garbage
// collection or a live migration does.
type Pause struct{}

var _ Kind = Pause{}

// Kind is "pause".
func (Pause) Kind() string { return "pause" }

func (Pause) String() string { return "pause" }

// Scope is instances.
func (Pause) Scope() Scope { return ScopeInstances }

// Validate has nothing to refuse.
func (Pause) Validate() error { return nil }

// Compile is one pause for each instance.
func (Pause) Compile(t Targets) []Primitive { return on(t, Primitive{Op: OpPause}) }

var pauseEntry = Entry{Word: "pause", Zero: Pause{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Instances are stopped where they are (SIGSTOP, a container's pause), as by a long garbage collection.",
	New:     "connect succeeds, as the host accepts, then silence",
	Open:    "silence and back-pressure; nothing is lost",
	Lifted:  "the instance goes on where it was: every request that waits is answered, also those whose caller has given up",
	Example: "{pause: payments-1, for: 3s}",
}}
