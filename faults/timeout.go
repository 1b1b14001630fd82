package faults

import "time"

// Timeout is toxiproxy's: data vanishes, and after the given time the connection is closed.
type Timeout struct {
	// When a connection is closed, from its first byte that vanished. 0s: never.
	After time.Duration `yaml:"timeout" json:"timeout"`
	// down (default): answers vanish; up: requests; both: each way.
	Direction Direction `yaml:"direction" json:"direction,omitempty" enum:"down,up,both"`
	// The part of connections that it hits. Default all.
	Share float64 `yaml:"share" zero:"it would hit nothing" unit:"share" json:"share,omitempty"`
}

var _ Kind = Timeout{}

// Kind is "timeout".
func (Timeout) Kind() string { return "timeout" }

func (f Timeout) String() string {
	text := "timeout after " + f.After.String()
	if f.After == 0 {
		text = "timeout without end"
	}
	return text + way(f.Direction) + part(f.Share, "connection")
}

// Scope is edges.
func (Timeout) Scope() Scope { return ScopeEdges }

// Validate refuses negative times.
func (f Timeout) Validate() error {
	return first(checkDuration("timeout", f.After), checkDirection(f.Direction), checkShare(f.Share))
}

// Compile is one timeout toxic for each edge and direction.
func (f Timeout) Compile(t Targets) []Primitive {
	return toxics(t, f.Direction, Toxic{
		Toxicity: shareOrAll(f.Share), Per: PerConnection,
		Attributes: TimeoutToxic{Timeout: MillisOf(f.After)},
	})
}

var timeoutEntry = Entry{Word: "timeout", Zero: Timeout{}, Selection: SelectOn, Explain: Explanation{
	Summary: "Data vanishes, and each connection is closed after the given time.",
	New:     "connects at once; answers vanish, and the connection is closed (end of file) the given time after the first byte that vanished",
	Open:    "answers vanish, and the connection is closed (end of file) the given time after the first byte that vanished; an idle one stays",
	Lifted:  "connections that lost bytes are closed at once; others go on",
	Example: "{timeout: 5s, on: orders -> payments}",
}}
