package faults

// Refuse closes the port: as if the callee did not run, while its host still answers.
type Refuse struct {
	// Which connections it is about: all (default), new: only those made while it is on, or open: only those open
	// when it begins.
	Connections string `yaml:"connections" json:"connections,omitempty" enum:"all,new,open"`
}

var _ Kind = Refuse{}

// Kind is "refuse".
func (Refuse) Kind() string { return "refuse" }

func (r Refuse) String() string { return "refuse" + which(r.Connections) }

// Scope is edges.
func (Refuse) Scope() Scope { return ScopeEdges }

// Validate refuses unknown words.
func (r Refuse) Validate() error { return checkConnections(r.Connections) }

// Compile is one outage for each edge.
func (r Refuse) Compile(t Targets) []Primitive {
	return outages(t, EdgeOutage{New: NewRefuse, Open: OpenClose}.only(r.Connections))
}

var refuseEntry = Entry{Word: "refuse", Zero: Refuse{}, Selection: SelectValue, Explain: Explanation{
	Summary: "The port is closed, as if the callee did not run.",
	New:     "connection refused, at once (connections: open: they work)",
	Open:    "end of file, at once, on idle ones too (connections: new: they work)",
	Lifted:  "new connections work; ended ones stay dead",
	Example: "{refuse: orders -> payments}",
}}
