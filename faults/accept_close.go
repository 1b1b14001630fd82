package faults

// AcceptClose accepts connections and ends them at once, as a proxy does whose backend is gone.
type AcceptClose struct {
	// Which connections it is about: all (default), new: only those made while it is on, or open: only those open
	// when it begins.
	Connections string `yaml:"connections" json:"connections,omitempty" enum:"all,new,open"`
}

var _ Kind = AcceptClose{}

// Kind is "accept_close".
func (AcceptClose) Kind() string { return "accept_close" }

func (a AcceptClose) String() string { return "accept then close" + which(a.Connections) }

// Scope is edges.
func (AcceptClose) Scope() Scope { return ScopeEdges }

// Validate refuses unknown words.
func (a AcceptClose) Validate() error { return checkConnections(a.Connections) }

// Compile is one outage for each edge.
func (a AcceptClose) Compile(t Targets) []Primitive {
	return outages(t, EdgeOutage{New: NewClose, Open: OpenClose}.only(a.Connections))
}

var acceptCloseEntry = Entry{Word: "accept_close", Zero: AcceptClose{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Connections are accepted and ended at once, as by a proxy whose backend is gone.",
	New:     "connect succeeds, then end of file at once (connections: open: they work)",
	Open:    "end of file, at once, on idle ones too (connections: new: they work)",
	Lifted:  "new connections work; ended ones stay dead",
	Example: "{accept_close: orders -> payments}",
}}
