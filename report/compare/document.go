package compare

import (
	"strings"

	"github.com/squallhq/squall/report/answer"
	"github.com/squallhq/squall/scenarios/metric"
)

// Document is compare.json. Its fields are added, never renamed. What is unknown is null.
type Document struct {
	answer.Head
	// Rounds of each design; a round's runs have one seed.
	Rounds int `json:"rounds"`
	// Level is the chance that anything is called different where all designs are the same.
	Level float64 `json:"level" unit:"share"`
	// Untold is why nothing can be told.
	Untold string `json:"untold,omitempty"`
	// Designs, the first of which the others are compared to.
	Designs []Design `json:"designs"`
	// Figures are all that were compared.
	Figures []FigureOfEach `json:"figures"`
}

// Design is one of those compared.
type Design struct {
	// Name is what the answer calls it.
	Name string `json:"name"`
	// Scenario is its scenario's name.
	Scenario string `json:"scenario"`
	// Variant of the scenario; empty: as it stands.
	Variant string `json:"variant"`
	// Set are the changes to it, PATH=VALUE each.
	Set []string `json:"set,omitempty"`
	// Engine that ran it.
	Engine string `json:"engine"`
	// Digest of the scenario as run.
	Digest string `json:"digest"`
	// Machine that it ran on.
	Machine string `json:"machine"`
	// Squall is the program's version.
	Squall string `json:"squall"`
	// Seeds are those of its rounds, in their order.
	Seeds []uint64 `json:"seeds"`
}

// FigureOfEach is one figure in all designs.
type FigureOfEach struct {
	// Name says what of, and where.
	Name string `json:"name"`
	// Part: felt (by users) or cost.
	Part string `json:"part"`
	// Unit of its values.
	Unit Unit `json:"unit"`
	// Better: more, less or neither.
	Better string `json:"better"`
	// Of has one entry a design.
	Of []FigureOf `json:"of"`
}

// FigureOf is a figure of one design: shares are fractions of 1.
type FigureOf struct {
	// Design is its name.
	Design string `json:"design"`
	// Known is in how many rounds it is.
	Known int `json:"known"`
	// Unknown is why it is known in none.
	Unknown string `json:"unknown,omitempty"`
	// Values are those of the rounds, in their order.
	Values []*float64 `json:"values"`
	// Median of them.
	Median *float64 `json:"median"`
	// Low is the lower end of the median's 95 % interval.
	Low *float64 `json:"low"`
	// High is its upper end.
	High *float64 `json:"high"`
	// Against is how it differs from the first design; null for that one, and where one of both is unknown in all rounds.
	Against *Against `json:"against"`
}

// Against is how a figure differs from the first design's.
type Against struct {
	// Change: worse, better, same (not to be told from it) or untold (not known in every round).
	Change string `json:"change"`
	// By is the mean difference of the rounds.
	By *float64 `json:"by"`
	// Low is the lower end of its 95 % interval.
	Low *float64 `json:"low"`
	// High is its upper end.
	High *float64 `json:"high"`
	// Chance is how likely designs that are the same show any difference as large.
	Chance *float64 `json:"chance"`
	// Why it can't be told.
	Why string `json:"why,omitempty"`
}

// ways are which way of a figure is better, as the document has them.
var ways = map[metric.Better]string{metric.More: "more", metric.Less: "less", metric.Neither: "neither"}

// word of a change, as the document has it.
func (c Change) word() string {
	return [...]string{Worse: "worse", Untold: "untold", Improved: "better", Same: "same"}[c]
}

// Document is what designs came to, for programs.
func (d *Designs) Document() *Document {
	a := d.Answer()
	out := &Document{Head: a.Head("comparison"), Rounds: len(d.Sides[0].Runs), Level: Level, Untold: d.Untold, Figures: []FigureOfEach{}}
	for _, s := range d.Sides {
		one := Design{Name: s.name(), Scenario: s.Scenario, Variant: s.Variant, Set: s.Set, Engine: s.Engine, Digest: s.Digest, Machine: s.Machine, Squall: s.Squall}
		for _, r := range s.Runs {
			one.Seeds = append(one.Seeds, r.Seed)
		}
		out.Designs = append(out.Designs, one)
	}
	for _, n := range d.figures() {
		part := "felt"
		name, isCost := strings.CutPrefix(n.Name, costs)
		if isCost {
			part = "cost"
		}
		f := FigureOfEach{Name: name, Part: part, Unit: n.Unit, Better: ways[n.Better]}
		for i, s := range d.Sides {
			of := FigureOf{Design: s.name(), Unknown: s.unknown[n.Name], Values: s.values(n.Name)}
			if middle, low, high, in := s.medianOf(n.Name); in > 0 {
				of.Known, of.Median, of.Low, of.High, of.Unknown = in, &middle, &low, &high, ""
			}
			if i > 0 {
				of.Against = d.Against[i-1].of(n.Name)
			}
			f.Of = append(f.Of, of)
		}
		out.Figures = append(out.Figures, f)
	}
	return out
}

// of is a row as the document has it, nil where there is none.
func (c *Comparison) of(name string) *Against {
	for i := range c.Rows {
		r := &c.Rows[i]
		switch {
		case r.Name != name:
		case r.Change == Untold:
			return &Against{Change: r.Change.word(), Why: r.Why}
		default:
			return &Against{Change: r.Change.word(), By: &r.By, Low: &r.Low, High: &r.High, Chance: &r.Chance}
		}
	}
	return nil
}
