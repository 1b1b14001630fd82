package faults

// Freeze stops everything in its place, as a callee does that is stopped: its host still accepts connections.
type Freeze struct {
	Connections string `yaml:"connections" json:"connections,omitempty" enum:"all,new,open" doc:"Which connections it is about: all (default), new: only those made while it is on, or open: only those open when it begins."`
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
	return outages(t, Outage{New: NewFreeze, Open: OpenKeep}.only(f.Connections))
}
