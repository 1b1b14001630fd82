package faults

import "fmt"

// Memory limits how much memory each instance has: what needs more is killed by the kernel.
type Memory struct {
	// The limit, as in 64MB; 6MB at least.
	Limit int64 `yaml:"limit" need:"yes" unit:"size" json:"limit"`
}

var _ Kind = Memory{}

// leastLimit is the smallest limit that container engines take.
const leastLimit = 6 << 20

// Kind is "memory".
func (Memory) Kind() string { return "memory" }

func (m Memory) String() string { return "memory " + size(float64(m.Limit)) }

// Scope is instances.
func (Memory) Scope() Scope { return ScopeInstances }

// Validate wants a limit that can be given.
func (m Memory) Validate() error {
	switch {
	case m.Limit == 0:
		return fmt.Errorf("memory needs a size: add limit, as in limit: 64MB")
	case m.Limit < leastLimit:
		return fmt.Errorf("limit can't be %s: use 6MiB or more", size(float64(m.Limit)))
	}
	return nil
}

// Compile is one limit for each instance.
func (m Memory) Compile(t Targets) []Primitive {
	return on(t, Primitive{Op: OpMemory, Bytes: m.Limit})
}

var memoryEntry = Entry{Word: "memory", Zero: Memory{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Instances have less memory: what needs more is killed for want of it, which is told as out of memory (docker engine).",
	New:     "connects at once, until the instance is killed: then as under crash",
	Open:    "works, until the instance is killed: then end of file or a reset, at once",
	Lifted:  "the instance has its own limit again, and one that was killed is started again with the data that it had on disk",
	Example: "{memory: payments, limit: 64MB}",
}}
