package compare

import (
	"fmt"
	"math"
	"slices"

	"github.com/squallhq/squall/scenarios/metric"
)

// Level is the chance of any false alarm in a whole comparison of two sides that are the same.
const Level = .05

// Change is what became of a figure.
type Change int

// The changes, the worst first.
const (
	Worse  Change = iota
	Untold        // known on one side, or in some runs, alone
	Improved
	Same // or not to be told from it
)

// Row is one figure of two sides.
type Row struct {
	Named
	// A and B are its medians over the runs; By is how much more B is, on average, and Low to High the 95 % interval of that.
	A, B, By, Low, High float64
	// Chance is how likely sides that are the same show any row so far apart; 0 of what is compared exactly.
	Chance float64
	Change Change
	// Why it is untold.
	Why string
}

// Comparison is two sides held against each other, row by row.
type Comparison struct {
	A, B *Side
	Rows []Row
	// Untold is why nothing can be told, "" where it can.
	Untold string
	// Exact tells that runs of the same seeds were compared, of which chance has no part.
	Exact bool
	// Notes are what differs besides the figures.
	Notes []string
}

// Between compares two sides, a the one before. tolerance is the share by which a figure may be worse or better and count as the same.
//
// In virtual time runs of the same seed are compared exactly, pair by pair. Elsewhere a difference is one where it is beyond what chance
// shows, in the whole table, in one of 20 comparisons of sides that are the same, and the bootstrap interval of its size has no 0 in it.
func Between(a, b *Side, tolerance float64) *Comparison {
	c := &Comparison{A: a, B: b}
	c.note()
	if a.Engine == virtual && b.Engine == virtual {
		c.exactly(tolerance)
		return c
	}
	if ways := deals(len(a.Runs)+len(b.Runs), len(a.Runs)); float64(ways)*Level < 2 {
		c.Untold = fmt.Sprintf("%d and %d runs can't be told from chance; run each side with --repeat 5", len(a.Runs), len(b.Runs))
	}
	if a.Machine != b.Machine {
		c.Untold = fmt.Sprintf("they ran on different machines: %s, and %s", a.Machine, b.Machine)
	}
	if c.Untold != "" {
		return c
	}
	rows := c.rows(a, b)
	var before, after [][]float64
	var told []int
	for i, row := range rows {
		va, vb := known(a, row.Name), known(b, row.Name)
		if row.Change == Untold {
			continue
		}
		told = append(told, i)
		before, after = append(before, va), append(after, vb)
	}
	chances := unpaired(before, after)
	for k, i := range told {
		row := &rows[i]
		row.Chance = chances[k]
		n := len(before[k])
		row.Low, row.High = twoSided(before[k], after[k], n)
		row.settle(tolerance, row.Chance <= Level && (row.Low > 0 || row.High < 0))
	}
	c.Rows = rows
	return c
}

// Held compares a side with its baseline as Between does; a baseline of other loads, phases or faults shows nothing of it.
func Held(baseline, now *Side, tolerance float64) *Comparison {
	if baseline.Asked == now.Asked {
		return Between(baseline, now, tolerance)
	}
	c := &Comparison{A: baseline, B: now, Untold: "its loads, phases or faults are not those of the baseline; squall baseline save makes a new one"}
	c.note()
	return c
}

// rows are the figures of both sides with what is known of each.
func (c *Comparison) rows(a, b *Side) []Row {
	names := slices.Clone(a.Figures)
	for _, n := range b.Figures {
		if !slices.ContainsFunc(names, func(o Named) bool { return o.Name == n.Name }) {
			names = append(names, n)
		}
	}
	var out []Row
	for _, n := range names {
		row := Row{Named: n, Change: Same}
		va, vb := known(a, n.Name), known(b, n.Name)
		if len(va) < len(a.Runs) || len(vb) < len(b.Runs) {
			row.Change, row.Why = Untold, fmt.Sprintf("known in %d of %d runs, and in %d of %d", len(va), len(a.Runs), len(vb), len(b.Runs))
		}
		if len(va) > 0 {
			row.A = median(va)
		}
		if len(vb) > 0 {
			row.B = median(vb)
		}
		if row.Change != Untold {
			row.By = meanOf(vb) - meanOf(va)
		}
		out = append(out, row)
	}
	return out
}

// settle says what became of a row that differs, or does not.
func (r *Row) settle(tolerance float64, differs bool) {
	switch {
	case !differs || r.By == 0 || math.Abs(r.By) <= tolerance*math.Abs(r.A):
		r.Change = Same
	case r.Better == metric.More == (r.By < 0):
		r.Change = Worse
	default:
		r.Change = Improved
	}
}

// exactly pairs the runs of the same seed.
func (c *Comparison) exactly(tolerance float64) {
	a, b := *c.A, *c.B
	a.Runs, b.Runs = nil, nil
	for _, r := range c.A.Runs {
		i := slices.IndexFunc(c.B.Runs, func(o Run) bool { return o.Seed == r.Seed })
		if i >= 0 && !slices.ContainsFunc(a.Runs, func(o Run) bool { return o.Seed == r.Seed }) {
			a.Runs, b.Runs = append(a.Runs, r), append(b.Runs, c.B.Runs[i])
		}
	}
	if len(a.Runs) == 0 {
		c.Untold = fmt.Sprintf("in virtual time runs of the same seed are compared: one side has seed %d, the other has not; run it with --seed %d",
			c.A.Runs[0].Seed, c.A.Runs[0].Seed)
		return
	}
	c.Exact = true
	c.Rows = c.rows(&a, &b)
	for i := range c.Rows {
		row := &c.Rows[i]
		if row.Change == Untold {
			before, after, alike := both(&a, &b, row.Name)
			if !alike {
				continue
			}
			row.Change, row.Why = Same, "" // known in the same runs; in the others for the same reason not
			if len(before) == 0 {
				continue
			}
			row.A, row.B, row.By = median(before), median(after), meanOf(after)-meanOf(before)
		}
		row.Low, row.High = row.By, row.By
		row.settle(tolerance, true)
	}
}

// both are the values of a figure in those pairs of runs in which it is known, and whether there is none in which one side alone knows it.
func both(a, b *Side, name string) (before, after []float64, alike bool) {
	va, vb := a.values(name), b.values(name)
	alike = true
	for i := range va {
		switch {
		case va[i] != nil && vb[i] != nil:
			before, after = append(before, *va[i]), append(after, *vb[i])
		case va[i] != nil || vb[i] != nil:
			alike = false
		}
	}
	return before, after, alike
}

// note says what differs besides the figures, and what makes the whole comparison one that shows nothing.
func (c *Comparison) note() {
	a, b := c.A, c.B
	if a.Asked != b.Asked {
		c.Notes = append(c.Notes, "the loads, phases or faults are not the same")
	}
	if a.Digest != b.Digest && a.Asked == b.Asked {
		c.Notes = append(c.Notes, "the topology is not the same")
	}
	if a.Engine != b.Engine {
		c.Notes = append(c.Notes, fmt.Sprintf("the engines are not the same: %s, and %s", a.Engine, b.Engine))
	}
	if a.Squall != b.Squall {
		c.Notes = append(c.Notes, fmt.Sprintf("Squall is not the same: %s, and %s", a.Squall, b.Squall))
	}
	for _, s := range []*Side{a, b} {
		c.Notes = append(c.Notes, s.doubts...)
	}
}

// known are the values of a figure in those runs in which it is known.
func known(s *Side, name string) (out []float64) {
	for _, v := range s.values(name) {
		if v != nil {
			out = append(out, *v)
		}
	}
	return out
}

// twoSided is the interval of the difference of two groups' means: each is drawn anew by itself.
func twoSided(a, b []float64, n int) (low, high float64) {
	r := root()
	values := make([]float64, resamples)
	for i := range values {
		var first, second float64
		for range n {
			first += a[r.IntN(n)]
		}
		for range b {
			second += b[r.IntN(len(b))]
		}
		values[i] = second/float64(len(b)) - first/float64(n)
	}
	slices.Sort(values)
	return ends(values, min(n, len(b)))
}

// Regressed tells whether a figure is worse.
func (c *Comparison) Regressed() bool { return c.has(Worse) }

// Told tells whether it can be told that nothing is worse: every figure is known, and no run is in doubt.
func (c *Comparison) Told() bool {
	return c.Untold == "" && !c.has(Untold) && len(c.A.doubts)+len(c.B.doubts) == 0
}

func (c *Comparison) has(change Change) bool {
	return slices.ContainsFunc(c.Rows, func(r Row) bool { return r.Change == change })
}
