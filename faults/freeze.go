package faults

// Freeze stops everything in its place, as a callee does that is stopped: its host still accepts connections.
type Freeze struct {
	// Which connections it is about: all (default), new: only those made while it is on, or open: only those open
	// when it begins.
	Connections string `yaml:"connections" json:"connections,omitempty" enum:"all,new,open"`
}

var _ Kind = Freeze{}

// Kind is "freeze".
func (Freeze) Kind() string { return "freeze" }

func (f Freeze) String() string { return "freeze" + which(f.Connections) }

// Scope is edges.
func (Freeze) Scope() Scope { return ScopeEdges }

// Validate refuses unknown words.
func (f Freeze) Validate() error { return checkConnections(f.Connections) }

// Compile is one outage for each edge.
func (f Freeze) Compile(t Targets) []Primitive {
	return outages(t, EdgeOutage{New: NewFreeze, Open: OpenKeep}.only(f.Connections))
}

var freezeEntry = Entry{Word: "freeze", Zero: Freeze{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Everything stops in its place, as with a stopped process whose host still accepts.",
	New:     "connect succeeds, then silence (connections: open: they work)",
	Open:    "silence and back-pressure both ways; nothing is lost, and ends and resets of the other side are held too (connections: new: they work)",
	Lifted:  "every byte is delivered, on connections made meanwhile too, then what ended",
	Example: "{freeze: orders -> payments}",
}}
