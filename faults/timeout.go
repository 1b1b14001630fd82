package faults

import "time"

// Timeout is toxiproxy's: data vanishes, and after the given time the connection is closed.
type Timeout struct {
	After     time.Duration `yaml:"timeout" json:"timeout" doc:"When a connection is closed, from its first byte that vanished. 0s: never."`
	Direction Direction     `yaml:"direction" json:"direction,omitempty" enum:"down,up,both" doc:"down (default): answers vanish; up: requests; both: each way."`
	Share     float64       `yaml:"share" unit:"share" json:"share,omitempty" doc:"The part of connections that it hits. Default all."`
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
		Type: "timeout", Toxicity: shareOrAll(f.Share), Per: perConnection,
		Attributes: map[string]any{"timeout": milliseconds(f.After)},
	})
}
