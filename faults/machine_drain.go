package faults

import "time"

// MachineDrain takes the machines that instances run on out of service, as an operator does for maintenance: everything of the run that is
// there is evicted.
type MachineDrain struct {
	// How long after the machine is empty what keeps no data is started on another machine, at the earliest; without it all wait for theirs.
	Elsewhere time.Duration `yaml:"elsewhere_after" zero:"a pod elsewhere takes a time to come up" json:"elsewhere_after,omitempty"`
	// told (default): callers and loads are told first, as endpoints are taken out, and choose others until it is back;
	// untold: they have to find out.
	Discovery string `yaml:"discovery" json:"discovery,omitempty" enum:"told,untold"`
}

var _ Kind = MachineDrain{}

// Kind is "machine_drain".
func (MachineDrain) Kind() string { return "machine_drain" }

func (m MachineDrain) String() string {
	s := "machine drain"
	if m.Elsewhere > 0 {
		s += ", elsewhere after " + m.Elsewhere.String()
	}
	return s + finding(m.Discovery)
}

// Scope is instances: who else is on their machines, the engine knows when it begins.
func (MachineDrain) Scope() Scope { return ScopeInstances }

// Validate refuses unknown words.
func (m MachineDrain) Validate() error { return checkWord("discovery", m.Discovery, "told", untold) }

// Compile is the drain of each instance's machine.
func (m MachineDrain) Compile(t Targets) []Primitive {
	return on(t, Primitive{Op: OpMachineDrain, Untold: m.Discovery == untold, Elsewhere: m.Elsewhere})
}

var machineDrainEntry = Entry{Word: "machine_drain", Zero: MachineDrain{}, Selection: SelectValue, Explain: Explanation{
	Summary: "The machines that instances run on are drained: all instances of the run that are there when it begins are asked to end (SIGTERM), each with its own grace, and then killed (--engine kubernetes). Nothing of others is touched.",
	New:     "callers and loads are told first and choose those on other machines; where there are none, connect is refused (discovery: untold: connect succeeds until it has ended what it has, then it is refused)",
	Open:    "requests under way are answered, then end of file; idle connections end at once; what is killed as its grace is over ends with its connections",
	Lifted:  "all of them start again where they were, with the data that they had on disk; then callers are told that they are back (with elsewhere_after what keeps no data runs on another machine by then, and is asked to end there first)",
	Example: "{machine_drain: payments-1, elsewhere_after: 2s, for: 10s}",
}}
