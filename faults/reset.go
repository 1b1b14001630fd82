package faults

// Reset cuts connections with a reset (RST).
type Reset struct {
	// Which connections it is about: all (default), new: only those made while it is on, or open: only those open
	// when it begins.
	Connections string `yaml:"connections" json:"connections,omitempty" enum:"all,new,open"`
}

var _ Kind = Reset{}

// Kind is "reset".
func (Reset) Kind() string { return "reset" }

func (r Reset) String() string { return "reset" + which(r.Connections) }

// Scope is edges.
func (Reset) Scope() Scope { return ScopeEdges }

// Validate refuses unknown words.
func (r Reset) Validate() error { return checkConnections(r.Connections) }

// Compile is one outage for each edge.
func (r Reset) Compile(t Targets) []Primitive {
	return outages(t, EdgeOutage{New: NewReset, Open: OpenReset}.only(r.Connections))
}

var resetEntry = Entry{Word: "reset", Zero: Reset{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Connections are cut with a reset (RST).",
	New:     "connect succeeds, then a reset (connections: open: they work)",
	Open:    "a reset, at once, on idle ones too (connections: new: they work)",
	Lifted:  "new connections work; reset ones stay dead",
	Example: "{reset: orders -> payments}",
}}
