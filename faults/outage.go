package faults

// Outage is an outage of nodes, of a region, of a zone: every connection into and out of them
// is cut, while they run on.
type Outage struct {
	// hang (default): silence, and what was sent arrives when it ends, as TCP sends again; drop: silence, and it
	// is lost; refuse: refused and reset at once; reset: accepted, then reset.
	How string `yaml:"how" json:"how,omitempty" enum:"hang,drop,refuse,reset"`
}

var _ Kind = Outage{}

// Kind is "outage".
func (Outage) Kind() string { return "outage" }

func (o Outage) String() string { return "outage (" + howOrHang(o.How) + ")" }

// Scope is every edge around the instances, those between two of them included.
func (Outage) Scope() Scope { return ScopeAround }

// Validate refuses unknown words.
func (o Outage) Validate() error {
	return checkWord("how", o.How, howHang, howDrop, howRefuse, howReset)
}

// Compile is one outage for each edge.
func (o Outage) Compile(t Targets) []Primitive { return outages(t, outageOf(o.How)) }

var outageEntry = Entry{Word: "outage", Zero: Outage{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Nodes, a region or a zone are cut off: every connection into and out of them, and between them. They run on.",
	New:     "connect does not return (how: refuse: connection refused, at once; how: reset: connect succeeds, then a reset)",
	Open:    "silence, ends and resets included, and back-pressure; bytes are held (how: drop: lost; how: refuse or reset: a reset, at once)",
	Lifted:  "connects that still wait go through; every byte is delivered, then what ended (how: drop: connections that lost bytes are reset; how: refuse or reset: new connections work)",
	Example: "{outage: {region: eu-west}, how: hang}",
}}
