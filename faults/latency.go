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
	// How the jitter is drawn: uniform (default), normal, or pareto: a long tail. Or, in place of a jitter, how the
	// latency itself is, by its coefficient of variation (standard deviation / mean), as that of work: {cv: 2}, with
	// 0 constant, below 1 gamma (Erlang where 1/cv^2 is whole), 1 exponential, above 1 hyperexponential with balanced
	// means; or {lognormal: {cv: 2}}.
	//
	// Shape is how the jitter is drawn: uniform (default), normal (Jitter is one standard deviation), or pareto (a
	// long tail with Jitter as its mean excess). With CV it is "" or lognormal.
	Shape string `yaml:"shape" json:"shape,omitempty" enum:"uniform,normal,pareto"`
	// CV is the coefficient of variation of the latency, Delay its mean; nil: it is Delay and a jitter.
	CV *float64 `yaml:"-" json:"cv,omitempty"`
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
	if l.CV != nil {
		text += fmt.Sprintf(" (%scv %g)", map[bool]string{true: "lognormal, "}[l.Shape == ShapeLognormal], *l.CV)
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
	if l.CV != nil {
		return first(l.checkSpread(), checkDirection(l.Direction), checkShare(l.Share), checkWord("per", l.Per, PerRequest, PerConnection))
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

// Spread is where a shape by its coefficient of variation goes.
func (l *Latency) Spread() (shape *string, cv **float64) { return &l.Shape, &l.CV }

// checkSpread refuses a spread about nothing, and one that a jitter comes on top of.
func (l Latency) checkSpread() error {
	switch {
	case l.Jitter != 0:
		return fmt.Errorf("jitter does not go with shape: {cv: %g}, which says how far the latency itself spreads: leave one of them out", *l.CV)
	case l.Delay == 0:
		return fmt.Errorf("a spread by cv needs a mean: give a time, as in latency: 200ms")
	case *l.CV < 0:
		return fmt.Errorf("cv is %g: use 0 or more", *l.CV)
	}
	return checkWord("shape", l.Shape, ShapeLognormal)
}

// Compile is one latency toxic for each edge and direction.
func (l Latency) Compile(t Targets) []Primitive {
	a := LatencyToxic{Latency: MillisOf(l.Delay), Jitter: MillisOf(l.Jitter), Shape: l.Shape}
	if l.CV != nil {
		a.CV = *l.CV
	}
	return toxics(t, l.Direction, Toxic{Toxicity: shareOrAll(l.Share), Per: perOrRequest(l.Per), Attributes: a})
}

var latencyEntry = Entry{Word: "latency", Zero: Latency{}, Selection: SelectOn, Explain: Explanation{
	Summary: "Everything that passes arrives later.",
	New:     "connects at once; answers come later by the latency",
	Open:    "answers come later by the latency, from the next byte on",
	Lifted:  "what is held is delivered at once",
	Example: "{latency: 800ms, jitter: 200ms, on: orders -> payments}",
}}
