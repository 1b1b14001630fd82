package faults

import (
	"fmt"
	"time"
)

// SlowClose holds back the end of a stream.
type SlowClose struct {
	// How much later the end of a stream arrives.
	Delay time.Duration `yaml:"slow_close" json:"slow_close"`
	// down (default): the callee's close; up: the caller's; both: each.
	Direction Direction `yaml:"direction" json:"direction,omitempty" enum:"down,up,both"`
	// The part of connections that it hits. Default all.
	Share float64 `yaml:"share" zero:"it would hit nothing" unit:"share" json:"share,omitempty"`
}

var _ Kind = SlowClose{}

// Kind is "slow_close".
func (SlowClose) Kind() string { return "slow_close" }

func (s SlowClose) String() string {
	return "slow close " + s.Delay.String() + way(s.Direction) + part(s.Share, "connection")
}

// Scope is edges.
func (SlowClose) Scope() Scope { return ScopeEdges }

// Validate refuses delays that are not positive.
func (s SlowClose) Validate() error {
	if s.Delay <= 0 {
		return fmt.Errorf("slow_close must be more than 0s, it is %s", s.Delay)
	}
	return first(checkDirection(s.Direction), checkShare(s.Share))
}

// Compile is one slow_close toxic for each edge and direction.
func (s SlowClose) Compile(t Targets) []Primitive {
	return toxics(t, s.Direction, Toxic{
		Toxicity: shareOrAll(s.Share), Per: PerConnection,
		Attributes: SlowCloseToxic{Delay: MillisOf(s.Delay)},
	})
}

var slowCloseEntry = Entry{Word: "slow_close", Zero: SlowClose{}, Selection: SelectOn, Explain: Explanation{
	Summary: "The end of a stream arrives later.",
	New:     "connects at once; data passes, the end of file comes later by the given time",
	Open:    "data passes, the end of file comes later by the given time; a reset is not delayed",
	Lifted:  "ends that are held arrive at once",
	Example: "{slow_close: 5s, on: orders -> payments}",
}}
