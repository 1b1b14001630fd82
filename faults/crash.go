package faults

import "time"

// Crash kills instances (kill -9) and starts them again when it ends.
type Crash struct {
	// When they are started again, from the kill. Another word for: for. Default: at the end of the phase.
	RestartAfter time.Duration `yaml:"restart_after" zero:"an instance is gone for a moment at least" json:"restart_after,omitempty"`
}

var (
	_ Kind    = Crash{}
	_ Lasting = Crash{}
)

// Kind is "crash".
func (Crash) Kind() string { return "crash" }

func (Crash) String() string { return "crash" }

// Scope is instances.
func (Crash) Scope() Scope { return ScopeInstances }

// Lasts is restart_after.
func (c Crash) Lasts() (time.Duration, string) { return c.RestartAfter, "restart_after" }

// Validate refuses negative times.
func (c Crash) Validate() error { return checkDuration("restart_after", c.RestartAfter) }

// Compile is one kill for each instance.
func (Crash) Compile(t Targets) []Primitive { return on(t, Primitive{Op: OpKill}) }

var crashEntry = Entry{Word: "crash", Zero: Crash{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Instances are killed (kill -9) and started again with the data that they had on disk.",
	New:     "connect to the edge succeeds, then a reset as soon as its own connect to the instance has failed",
	Open:    "end of file or a reset, at once: answers break off",
	Lifted:  "the instance starts again, and connections work as soon as it listens; open ones stay dead",
	Example: "{crash: payments, restart_after: 5s}",
}}
