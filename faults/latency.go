package faults

import (
	"fmt"
	"time"
)

// Latency delays what passes an edge by Delay, plus or minus Jitter.
type Latency struct {
	// How much later everything arrives.
	Delay time.Duration `yaml:"latency" json:"latency"`
	// Plus or minus this much.
	Jitter time.Duration `yaml:"jitter" zero:"unset" json:"jitter,omitempty"`
	// How the jitter is drawn: uniform (default), normal, or pareto: a long tail.
	//
	// Shape is how the jitter is drawn: uniform (default), normal (Jitter is one standard deviation), or pareto (a
	// long tail with Jitter as its mean excess).
	Shape string `yaml:"shape" json:"shape,omitempty" enum:"uniform,normal,pareto"`
	// down (default): answers; up: requests; both: each way, so a round trip grows by twice as much.
	Direction Direction `yaml:"direction" json:"direction,omitempty" enum:"down,up,both"`
	// The part of requests (or connections, see per) that it hits. Default all.
	Share float64 `yaml:"share" zero:"it would hit nothing" unit:"share" json:"share,omitempty"`
	// What share counts: request (default) or connection.
	Per string `yaml:"per" json:"per,omitempty" enum:"request,connection"`
}

var _ Kind = Latency{}

// Kind is "latency".
func (Latency) Kind() string { return "latency" }

func (l Latency) String() string {
	text := "latency " + l.Delay.String()
	if l.Jitter > 0 {
		text += " ±" + l.Jitter.String()
	}
	return text + way(l.Direction) + part(l.Share, perOrRequest(l.Per))
}

// Scope is edges.
func (Latency) Scope() Scope { return ScopeEdges }

// Validate refuses negative delays, and a jitter that would have to deliver before it was sent:
// cut off at 0, its mean would no longer be the latency that was asked for.
func (l Latency) Validate() error {
	if err := first(checkDuration("latency", l.Delay), checkDuration("jitter", l.Jitter)); err != nil {
		return err
	}
	if l.Delay == 0 && l.Jitter == 0 {
		return fmt.Errorf("latency adds nothing: give a time, as in 200ms")
	}
	if l.Jitter > l.Delay && l.Shape != ShapePareto {
		return fmt.Errorf("jitter %s can't be larger than latency %s: use a smaller one, or shape: pareto for a long tail", l.Jitter, l.Delay)
	}
	return first(
		checkWord("shape", l.Shape, ShapeUniform, ShapeNormal, ShapePareto),
		checkDirection(l.Direction),
		checkShare(l.Share),
		checkWord("per", l.Per, PerRequest, PerConnection),
	)
}

// Compile is one latency toxic for each edge and direction.
func (l Latency) Compile(t Targets) []Primitive {
	return toxics(t, l.Direction, Toxic{
		Toxicity: shareOrAll(l.Share), Per: perOrRequest(l.Per),
		Attributes: LatencyToxic{Latency: MillisOf(l.Delay), Jitter: MillisOf(l.Jitter), Shape: l.Shape},
	})
}

var latencyEntry = Entry{Word: "latency", Zero: Latency{}, Selection: SelectOn, Explain: Explanation{
	Summary: "Everything that passes arrives later.",
	New:     "connects at once; answers come later by the latency",
	Open:    "answers come later by the latency, from the next byte on",
	Lifted:  "what is held is delivered at once",
	Example: "{latency: 800ms, jitter: 200ms, on: orders -> payments}",
}}
