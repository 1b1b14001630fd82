package sweep

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/scenarios/metric"
)

// Curve is a figure over the values of one range, or a line of it for each value of a second one.
type Curve struct {
	// Name says what of whom and when: p99 of GET /item in steady.
	Name   string
	Metric metric.Name
	// Limit is what is expected of it, by Op; nil: nothing is.
	Limit *float64
	Op    string
	// Lines has a point for each value of the first range, a line for each of the second.
	Lines [][]Point
}

// Point is a figure at one value in each round, nil where it is unknown.
type Point struct{ Rounds []*float64 }

// known are a point's values.
func (p Point) known() (out []float64) {
	for _, v := range p.Rounds {
		if v != nil {
			out = append(out, *v)
		}
	}
	return out
}

// Middle is the median over the rounds, and the least and the greatest of them; none: known in no round.
func (p Point) Middle() (middle, least, greatest float64, in int) {
	values := p.known()
	if len(values) == 0 {
		return 0, 0, 0, 0
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1], n
}

// holds tells whether a value keeps to what is expected.
func (c *Curve) holds(v float64) bool {
	switch c.Op {
	case "<":
		return v < *c.Limit
	case "<=":
		return v <= *c.Limit
	case ">":
		return v > *c.Limit
	case ">=":
		return v >= *c.Limit
	}
	return v == *c.Limit
}

// Expected says the limit, "" where there is none.
func (c *Curve) Expected() string {
	if c.Limit == nil {
		return ""
	}
	return c.Op + " " + c.Spell(*c.Limit)
}

// Spell writes a value of the figure.
func (c *Curve) Spell(v float64) string {
	switch c.Metric.Facts().Unit {
	case metric.Share:
		return spell.Percent(v)
	case metric.PerSecond:
		return spell.PerSecond(v)
	case metric.Time:
		return spell.Milliseconds(v * 1000)
	case metric.Factor:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// Crossing is where a line goes from keeping to the limit to breaking it, or back.
type Crossing struct {
	// At is where the medians cross, in a line between two values, After and Before.
	At, After, Before float64
	// Breaks tells that what is beyond breaks the limit.
	Breaks bool
	// Low and High are the least and the greatest place at which a single round crosses between any two values, In how many do.
	Low, High float64
	In, Of    int
}

// Crossings are all of one line, in order. Between values of which one is unknown nothing is told.
func (c *Curve) Crossings(line []Point, at []Value) []Crossing {
	if c.Limit == nil || len(line) == 0 {
		return nil
	}
	middle := make([]*float64, len(line))
	for i, p := range line {
		if m, _, _, in := p.Middle(); in > 0 {
			middle[i] = &m
		}
	}
	out := c.passes(middle, at)
	for n := range out {
		x := &out[n]
		x.Of = len(line[0].Rounds)
		x.Low, x.High = x.At, x.At
		for r := range x.Of {
			single := make([]*float64, len(line))
			for i, p := range line {
				single[i] = p.Rounds[r]
			}
			for _, own := range c.passes(single, at) {
				if own.Breaks != x.Breaks || n < len(out)-1 && own.At >= out[n+1].At || n > 0 && own.At <= out[n-1].At {
					continue
				}
				x.Low, x.High = min(x.Low, own.At), max(x.High, own.At)
				x.In++
				break
			}
		}
	}
	return out
}

// passes are where values pass the limit.
func (c *Curve) passes(values []*float64, at []Value) (out []Crossing) {
	for i := 1; i < len(values); i++ {
		a, b := values[i-1], values[i]
		if a == nil || b == nil || c.holds(*a) == c.holds(*b) {
			continue
		}
		share := 0.0
		if *b != *a {
			share = (*c.Limit - *a) / (*b - *a)
		}
		x0, x1 := at[i-1].Number, at[i].Number
		out = append(out, Crossing{At: x0 + share*(x1-x0), After: x0, Before: x1, Breaks: c.holds(*a)})
	}
	return out
}

// sentence says where a line crosses what is expected of it, or that it does not.
func (c *Curve) sentence(line []Point, along Range, of string) string {
	if c.Limit == nil {
		return ""
	}
	said := c.Name + of
	crossings := c.Crossings(line, along.Values)
	if len(crossings) == 0 {
		held, broken, unknown := 0, 0, 0
		for _, p := range line {
			switch m, _, _, in := p.Middle(); {
			case in == 0:
				unknown++
			case c.holds(m):
				held++
			default:
				broken++
			}
		}
		ends := along.Values[0].Text + " to " + along.Values[len(along.Values)-1].Text
		switch {
		case held == len(line):
			return fmt.Sprintf("%s keeps to %s from %s", said, c.Expected(), ends)
		case broken == len(line):
			return fmt.Sprintf("%s never keeps to %s from %s", said, c.Expected(), ends)
		}
		return fmt.Sprintf("%s against %s can't be told: unknown at %d of %d values", said, c.Expected(), unknown, len(line))
	}
	for i, x := range crossings {
		verb := "breaks"
		if !x.Breaks {
			verb = "keeps to"
		}
		if i > 0 {
			said += "; then it"
		}
		said += fmt.Sprintf(" %s %s from %s on (between %s and %s", verb, c.Expected(), along.Spell(x.At), along.Spell(x.After), along.Spell(x.Before))
		if x.Of > 1 {
			said += fmt.Sprintf("; single rounds: %s to %s, in %d of %d", along.Spell(x.Low), along.Spell(x.High), x.In, x.Of)
		}
		said += ")"
	}
	return said
}
