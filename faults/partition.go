package faults

// Partition cuts the network between two sets of nodes.
type Partition struct {
	// both (default): whoever calls; one: only connections that the first set makes to the second.
	Ways string `yaml:"ways" json:"ways,omitempty" enum:"both,one"`
	// hang (default): silence, and what was sent arrives when it ends, as TCP sends again; drop: silence, and it
	// is lost; refuse: refused and reset at once.
	How string `yaml:"how" json:"how,omitempty" enum:"hang,drop,refuse"`
}

var _ Kind = Partition{}

// The ways in which a partition or an outage shows itself.
const (
	howHang   = "hang" // the default
	howDrop   = "drop"
	howRefuse = "refuse"
	howReset  = "reset"
)

// Kind is "partition".
func (Partition) Kind() string { return "partition" }

func (p Partition) String() string {
	text := "partition"
	if p.Ways == "one" {
		text += " one way"
	}
	return text + " (" + howOrHang(p.How) + ")"
}

// Scope is edges.
func (Partition) Scope() Scope { return ScopeEdges }

// Validate refuses unknown words.
func (p Partition) Validate() error {
	return first(checkWord("ways", p.Ways, "both", "one"), checkWord("how", p.How, howHang, howDrop, howRefuse))
}

// Compile is one outage for each edge between the sets.
func (p Partition) Compile(t Targets) []Primitive { return outages(t, outageOf(p.How)) }

func howOrHang(how string) string {
	if how == "" {
		return howHang
	}
	return how
}

// outageOf is what each way means.
func outageOf(how string) EdgeOutage {
	switch how {
	case howDrop:
		return EdgeOutage{New: NewHang, Open: OpenLose}
	case howRefuse:
		return EdgeOutage{New: NewRefuse, Open: OpenReset}
	case howReset:
		return EdgeOutage{New: NewReset, Open: OpenReset}
	default:
		return EdgeOutage{New: NewHang, Open: OpenKeep}
	}
}

var partitionEntry = Entry{Word: "partition", Zero: Partition{}, Selection: SelectBetween, Explain: Explanation{
	Summary: "The network between two sets of nodes is cut; inside each set it works.",
	New:     "connect does not return (how: refuse: connection refused, at once)",
	Open:    "silence, ends and resets included, and back-pressure; bytes are held (how: drop: lost; how: refuse: a reset, at once)",
	Lifted:  "connects that still wait go through; every byte is delivered, as TCP sends again, then what ended (how: drop: connections that lost bytes are reset; how: refuse: new connections work)",
	Example: "{partition: [orders, payments], how: hang}",
}}
