package faults

import "fmt"

// HalfOpen swallows the packets of one way only.
type HalfOpen struct {
	// The way that is silent: down (default): the callee does the work and its answer is lost; up: requests are
	// lost.
	Direction Direction `yaml:"direction" json:"direction,omitempty" enum:"down,up"`
	// What becomes of what is sent that way: lost (default), or kept: it arrives when the fault ends, as TCP sends
	// again.
	Bytes string `yaml:"bytes" json:"bytes,omitempty" enum:"lost,kept"`
	// all (default): new connections hang, as connecting needs both ways; open: new ones work, as after a firewall
	// that forgot the open ones.
	Connections string `yaml:"connections" json:"connections,omitempty" enum:"all,open"`
}

var _ Kind = HalfOpen{}

// Kind is "half_open".
func (HalfOpen) Kind() string { return "half_open" }

func (h HalfOpen) String() string {
	what, fate := "answers", "lost"
	if h.Direction == Up {
		what = "requests"
	}
	if h.Bytes == bytesKept {
		fate = "held"
	}
	return "half open (" + what + " " + fate + ")" + which(h.Connections)
}

// Scope is edges.
func (HalfOpen) Scope() Scope { return ScopeEdges }

// Validate refuses both directions (that is a blackhole) and unknown words.
func (h HalfOpen) Validate() error {
	if h.Direction == Both {
		return fmt.Errorf("half_open is one way, direction can't be both: use blackhole")
	}
	return first(
		checkWord("direction", string(h.Direction), string(Down), string(Up)),
		checkWord("bytes", h.Bytes, bytesLost, bytesKept),
		checkWord("connections", h.Connections, connectionsAll, connectionsOpen),
	)
}

// Compile is one outage of one direction for each edge.
func (h HalfOpen) Compile(t Targets) []Primitive {
	o := EdgeOutage{New: NewHang, Open: OpenLose, Direction: h.Direction}
	if o.Direction == "" {
		o.Direction = Down
	}
	if h.Bytes == bytesKept {
		o.Open = OpenKeep
	}
	return outages(t, o.only(h.Connections))
}

var halfOpenEntry = Entry{Word: "half_open", Zero: HalfOpen{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Packets of one way vanish; the other way works.",
	New:     "connect does not return, as connecting needs both ways (connections: open: they work)",
	Open:    "one way is silent and its bytes are lost (bytes: kept: held): down, the callee does the work and its answer never comes; up, requests never arrive; the other way passes",
	Lifted:  "connects that still wait go through; connections that lost bytes are reset, others go on (bytes: kept: every byte is delivered, then what ended)",
	Example: "{half_open: orders -> payments, direction: down}",
}}
