package faults

// Stop ends instances as an operator does (SIGTERM) and starts them again when it ends: a restart of one, a deploy, a
// machine that is taken away for maintenance.
type Stop struct {
	// told (default): callers and loads are told first, as by a registry, and choose others until it is back;
	// untold: they have to find out.
	Discovery string `yaml:"discovery" json:"discovery,omitempty" enum:"told,untold"`
}

var _ Kind = Stop{}

// untold is the word for callers who have to find out by themselves.
const untold = "untold"

// Kind is "stop".
func (Stop) Kind() string { return "stop" }

func (s Stop) String() string { return "stop" + finding(s.Discovery) }

// finding says that callers have to find out.
func finding(discovery string) string {
	if discovery == untold {
		return " untold"
	}
	return ""
}

// Scope is instances.
func (Stop) Scope() Scope { return ScopeInstances }

// Validate refuses unknown words.
func (s Stop) Validate() error { return checkWord("discovery", s.Discovery, "told", untold) }

// Compile is one stop for each instance.
func (s Stop) Compile(t Targets) []Primitive {
	return on(t, Primitive{Op: OpStop, Untold: s.Discovery == untold})
}

var stopEntry = Entry{Word: "stop", Zero: Stop{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Instances are asked to end (SIGTERM), finish what they have, and are started again at the end, as in a rolling restart.",
	New:     "callers and loads are told first and choose other replicas (discovery: untold: connect succeeds until it is drained, then it is refused)",
	Open:    "requests under way are answered, then end of file; idle connections end at once",
	Lifted:  "the instance starts again with its data; then callers are told that it is back",
	Example: "{stop: payments-1, for: 2s}",
}}
