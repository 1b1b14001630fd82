package faults

// Blackhole swallows packets: what is sent vanishes and nothing says so.
type Blackhole struct {
	// What becomes of what is sent on open connections: lost (default), or kept: it arrives when the fault ends,
	// as TCP sends again.
	Bytes string `yaml:"bytes" json:"bytes,omitempty" enum:"lost,kept"`
	// Which connections it is about: all (default), new: only those made while it is on, or open: only those open
	// when it begins.
	Connections string `yaml:"connections" json:"connections,omitempty" enum:"all,new,open"`
}

var _ Kind = Blackhole{}

const (
	bytesLost = "lost" // the default
	bytesKept = "kept"
)

// Kind is "blackhole".
func (Blackhole) Kind() string { return "blackhole" }

func (b Blackhole) String() string {
	text := "black hole"
	if b.Bytes == bytesKept {
		text += " (bytes kept)"
	}
	return text + which(b.Connections)
}

// Scope is edges.
func (Blackhole) Scope() Scope { return ScopeEdges }

// Validate refuses unknown words.
func (b Blackhole) Validate() error {
	return first(checkWord("bytes", b.Bytes, bytesLost, bytesKept), checkConnections(b.Connections))
}

// Compile is one outage for each edge.
func (b Blackhole) Compile(t Targets) []Primitive {
	o := EdgeOutage{New: NewHang, Open: OpenLose}
	if b.Bytes == bytesKept {
		o.Open = OpenKeep
	}
	return outages(t, o.only(b.Connections))
}

var blackholeEntry = Entry{Word: "blackhole", Zero: Blackhole{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Packets vanish and nothing says so, as behind a firewall that drops them.",
	New:     "connect does not return; the caller's own connect timeout ends it (connections: open: they work)",
	Open:    "silence both ways, ends and resets of the other side included; bytes are lost (bytes: kept: held, and the sender feels back-pressure) (connections: new: they work)",
	Lifted:  "connects that still wait go through; connections that lost bytes are reset, others go on (bytes: kept: every byte is delivered, then what ended)",
	Example: "{blackhole: orders -> payments}",
}}
