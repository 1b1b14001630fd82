package compare

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/squallhq/squall/report/answer"
)

// methods is how designs are compared, and what that is worth.
var methods = []string{
	"Medians of the rounds with their 95 % intervals (bootstrap over rounds, widened for few of them). A round is one sample; what happens within a run never is. " +
		"A design differs where turning the signs of the rounds' differences at random shows as much anywhere in the table in 5 % of the cases at most, " +
		"so that designs that are the same are called different in 1 of 20 comparisons, and the paired bootstrap interval of the difference has no 0 in it.",
	"Percentiles are of answers: where fewer are answered, they are of other requests.",
}

// Answer is what designs came to, a row a figure: the first is the one that the others are compared to, round by round. What users felt comes
// first, then all that it cost; what can't be told apart is said to be so.
func (d *Designs) Answer() *answer.Answer {
	first := d.Sides[0]
	a := &answer.Answer{Title: fmt.Sprintf("%s: %d designs, %d rounds paired by seed, on the %s engine", d.title(), len(d.Sides), len(first.Runs), first.Engine),
		Untold: d.Untold, Notes: d.Notes, Method: methods}
	for _, c := range d.Against {
		if said := c.Sentence(); said != "" {
			a.Sentences = append(a.Sentences, said)
		}
	}
	felt := &answer.Table{Title: "WHAT USERS FELT", Columns: d.columns()}
	alike := &answer.Table{Title: "WHAT CAN'T BE TOLD APART", Columns: d.columns()}
	cost := &answer.Table{Title: "WHAT IT COST", Columns: d.columns(), Note: d.unknown()}
	same := 0
	for _, n := range d.figures() {
		name, isCost := strings.CutPrefix(n.Name, costs)
		row := answer.Row{Name: name}
		differs, untold := false, false
		for i, s := range d.Sides {
			cell := answer.Cell{Text: s.spread(n)}
			if i > 0 {
				moved := false
				cell.Beside, cell.Look, moved = against(d.Against[i-1], n.Name)
				differs, untold = differs || moved && cell.Look != answer.Unknown, untold || moved
			}
			row.Cells = append(row.Cells, cell)
		}
		switch {
		case isCost: // the same or not: who reads it sees what was counted
			cost.Rows = append(cost.Rows, row)
		case differs:
			felt.Rows = append(felt.Rows, row)
		case untold:
			alike.Rows = append(alike.Rows, row)
		default:
			same++
		}
	}
	if said := fmt.Sprintf("%d more figures are the same in every round of every design", same); len(felt.Rows) > 0 && same > 0 {
		felt.Note = said
	} else if same > 0 {
		a.Sentences = append(a.Sentences, fmt.Sprintf("Nothing that users feel is told apart; %d figures are the same in every round of every design.", same))
	}
	a.Parts = []answer.Part{{Table: felt}, {Table: alike}, {Table: cost}}
	return a
}

// title is the scenario's name, or those of several.
func (d *Designs) title() string {
	var names []string
	for _, s := range d.Sides {
		if !slices.Contains(names, s.Scenario) {
			names = append(names, s.Scenario)
		}
	}
	return strings.Join(names, ", ")
}

func (d *Designs) columns() []answer.Column {
	out := []answer.Column{{Name: d.Sides[0].name()}}
	for _, s := range d.Sides[1:] {
		out = append(out, answer.Column{Name: s.name(), Beside: "against " + d.Sides[0].name()})
	}
	return out
}

// figures are those of all sides, in the first one's order, and every cost, known or not.
func (d *Designs) figures() []Named {
	var names []Named
	take := func(n Named) {
		if !slices.ContainsFunc(names, func(o Named) bool { return o.Name == n.Name }) {
			names = append(names, n)
		}
	}
	for _, s := range d.Sides {
		for _, n := range s.Figures {
			if !strings.HasPrefix(n.Name, costs) {
				take(n)
			}
		}
	}
	for _, n := range allCosts {
		take(n)
	}
	return names
}

// medianOf is a figure's median over the rounds in which it is known, and the 95 % interval of that.
func (s *Side) medianOf(name string) (middle, low, high float64, in int) {
	values := known(s, name)
	if len(values) == 0 {
		return 0, 0, 0, 0
	}
	low, high = interval(len(values), func(draw []int) float64 {
		drawn := make([]float64, len(draw))
		for i, d := range draw {
			drawn[i] = values[d]
		}
		return median(drawn)
	})
	return median(values), low, high, len(values)
}

// spread is a figure's median over the rounds, and the interval of that; or why it is not known.
func (s *Side) spread(n Named) string {
	middle, low, high, in := s.medianOf(n.Name)
	if in == 0 {
		if why := s.unknown[n.Name]; why != "" && utf8.RuneCountInString(why) <= longestWhy {
			return why
		}
		return "unknown"
	}
	said := n.Unit.Spell(middle)
	if low != high {
		said += span(n.Unit.Spell(low), n.Unit.Spell(high))
	}
	if in < len(s.Runs) {
		said += fmt.Sprintf(" in %d of %d", in, len(s.Runs))
	}
	return said
}

// longestWhy is how long a reason may be that stands in a cell: longer ones stand below the table.
const longestWhy = 21

// unknown says why costs are unknown, where that has no room in a cell.
func (d *Designs) unknown() string {
	var said []string
	for _, n := range allCosts {
		for _, s := range d.Sides {
			why := s.unknown[n.Name]
			if utf8.RuneCountInString(why) <= longestWhy {
				continue
			}
			if line := strings.TrimPrefix(n.Name, costs) + ": " + why; !slices.Contains(said, line) {
				said = append(said, line)
			}
		}
	}
	return strings.Join(said, "; ")
}

// against says how a figure differs from the first design's, and whether it does in any round.
func against(c *Comparison, name string) (said string, look answer.Look, moved bool) {
	for _, r := range c.Rows {
		if r.Name != name {
			continue
		}
		by := r.Unit.Signed(r.By) + span(r.Unit.Signed(r.Low), r.Unit.Signed(r.High))
		switch r.Change {
		case Untold:
			return "not in every round", answer.Unknown, true
		case Worse:
			return by, answer.Bad, true
		case Improved:
			return by, answer.Good, true
		}
		if r.Low == 0 && r.High == 0 {
			return "the same", answer.Plain, false
		}
		return "can't be told apart" + span(r.Unit.Signed(r.Low), r.Unit.Signed(r.High)), answer.Unknown, true
	}
	return "", answer.Unknown, false // known of neither
}

// span is an interval behind a value that has its unit.
func span(low, high string) string {
	number := func(s string) string {
		end := strings.IndexFunc(s, func(c rune) bool { return !strings.ContainsRune("+-.0123456789", c) })
		if end < 0 {
			return s
		}
		return s[:end]
	}
	return fmt.Sprintf(" (%s to %s)", number(low), number(high))
}
