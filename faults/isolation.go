package faults

// Isolation is an outage of nodes, of a region, of a zone: every connection into and out of them
// is cut, while they run on.
type Isolation struct {
	How string `yaml:"how" json:"how,omitempty" enum:"hang,drop,refuse,reset" doc:"hang (default): silence, and what was sent arrives when it ends, as TCP sends again; drop: silence, and it is lost; refuse: refused and reset at once; reset: accepted, then reset."`
}

var _ Kind = Isolation{}

// Kind is "outage".
func (Isolation) Kind() string { return "outage" }

func (o Isolation) String() string { return "outage (" + howOrHang(o.How) + ")" }

// Scope is every edge around the instances, those between two of them included.
func (Isolation) Scope() Scope { return ScopeAround }

// Validate refuses unknown words.
func (o Isolation) Validate() error {
	return checkWord("how", o.How, howHang, howDrop, howRefuse, howReset)
}

// Compile is one outage for each edge.
func (o Isolation) Compile(t Targets) []Primitive { return outages(t, outageOf(o.How)) }
