package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Designs are several sides held against the first of them, round by round.
type Designs struct {
	Sides []*Side
	// Against holds each side after the first against it.
	Against []*Comparison
	// Untold is why nothing can be told, "" where it can.
	Untold string
	Notes  []string
}

// Paired compares two sides whose runs are pairs, one a round.
func Paired(a, b *Side, tolerance float64) *Comparison {
	return Rounds([]*Side{a, b}, tolerance).Against[0]
}

// Rounds compares sides whose runs are rounds, the same number of each in the same order. The chance of any false alarm in all comparisons
// together, the whole table, is kept to the level.
func Rounds(sides []*Side, tolerance float64) *Designs {
	d := &Designs{Sides: sides}
	rounds := len(sides[0].Runs)
	if math.Pow(.5, float64(rounds-1)) > Level {
		d.Untold = fmt.Sprintf("%d rounds can't be told from chance; take 6 or more (--rounds)", rounds)
	}
	d.note()
	var rows []*Row
	var differences [][]float64
	for _, b := range sides[1:] {
		c := &Comparison{A: sides[0], B: b, Untold: d.Untold}
		c.Rows = c.rows(c.A, b)
		d.Against = append(d.Against, c)
		for i := range c.Rows {
			if row := &c.Rows[i]; row.Change != Untold {
				va, vb := known(c.A, row.Name), known(b, row.Name)
				each := make([]float64, rounds)
				for j := range each {
					each[j] = vb[j] - va[j]
				}
				rows, differences = append(rows, row), append(differences, each)
			}
		}
	}
	chances := paired(differences)
	for i, row := range rows {
		row.Chance, row.By = chances[i], meanOf(differences[i])
		row.Low, row.High = interval(rounds, func(draw []int) float64 { return mean(differences[i], draw) })
		row.settle(tolerance, d.Untold == "" && row.Chance <= Level && (row.Low > 0 || row.High < 0))
	}
	return d
}

// note says what a reader has to know, each thing once.
func (d *Designs) note() {
	first := d.Sides[0]
	for i, s := range d.Sides {
		if len(s.doubts) > 0 {
			d.Notes = append(d.Notes, fmt.Sprintf("not all rounds of %s can be relied on: %s", s.name(), s.doubts[0]))
		}
		if i == 0 {
			continue
		}
		for _, differs := range []struct {
			is   bool
			what string
		}{
			{s.Asked != first.Asked, "the loads, phases or faults are not the same"},
			{s.Engine != first.Engine, "the engines are not the same: " + first.Engine + ", and " + s.Engine},
			{s.Squall != first.Squall, "Squall is not the same: " + first.Squall + ", and " + s.Squall},
		} {
			if differs.is {
				d.Notes = append(d.Notes, s.name()+" against "+first.name()+": "+differs.what)
			}
		}
		if s.Machine != first.Machine && d.Untold == "" {
			d.Untold = fmt.Sprintf("they ran on different machines: %s, and %s", first.Machine, s.Machine)
		}
	}
}

// BySeed makes rounds of stored runs: of each side those whose seed every side has, in the order of seeds. left is how many runs have no
// such others.
func BySeed(sides []*Side) (paired []*Side, left int) {
	taken := make([][]int, len(sides)) // which runs of each side
	for _, s := range sides {
		slices.SortStableFunc(s.Runs, func(a, b Run) int { return cmp.Compare(a.Seed, b.Seed) })
	}
	for i := range sides[0].Runs {
		round := make([]int, len(sides))
		round[0] = i
		for n := 1; n < len(sides); n++ {
			round[n] = slices.IndexFunc(sides[n].Runs, func(r Run) bool { return r.Seed == sides[0].Runs[i].Seed })
			for round[n] >= 0 && slices.Contains(taken[n], round[n]) { // a seed may have been run twice
				next := slices.IndexFunc(sides[n].Runs[round[n]+1:], func(r Run) bool { return r.Seed == sides[0].Runs[i].Seed })
				if next >= 0 {
					next += round[n] + 1
				}
				round[n] = next
			}
		}
		if slices.Contains(round, -1) {
			continue
		}
		for n, run := range round {
			taken[n] = append(taken[n], run)
		}
	}
	for n, s := range sides {
		one := *s
		one.Runs = nil
		for _, i := range taken[n] {
			one.Runs = append(one.Runs, s.Runs[i])
		}
		left += len(s.Runs) - len(one.Runs)
		paired = append(paired, &one)
	}
	return paired, left
}

// Call names a side for a comparison of several.
func (s *Side) Call(name string) { s.called = name }

// Name is what a side is called among several.
func (s *Side) Name() string { return s.name() }

// name is what a side is called, its variant, or the scenario's own name, with the changes that it was run with: a record does not have what
// squall compare called them.
func (s *Side) name() string {
	name := s.Scenario
	switch {
	case s.called != "":
		return s.called
	case s.Variant != "":
		name = s.Variant
	}
	if len(s.Set) > 0 {
		name += " with " + strings.Join(s.Set, ", ")
	}
	return name
}
