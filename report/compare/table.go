package compare

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// Table writes what designs came to, a row a figure: the first is the one that the others are compared to, round by round. What users felt
// comes first, then what it cost; what can't be told apart is said to be so.
func Table(w io.Writer, sides []*Side, others []*Comparison) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "\n %s: %d designs, %d rounds paired by seed, on the %s engine\n", sides[0].Scenario, len(sides), len(sides[0].Runs), sides[0].Engine)
	for _, c := range others {
		for _, note := range c.Notes {
			fmt.Fprintf(b, "   note on %s: %s\n", c.B.name(), note)
		}
	}
	if others[0].Untold != "" {
		fmt.Fprintf(b, " ? can't tell: %s\n", others[0].Untold)
	}
	for _, c := range others {
		if said := c.Sentence(); said != "" {
			fmt.Fprintf(b, "\n %s\n", said)
		}
	}
	felt, cost := layout(sides, others)
	felt.title, cost.title = "WHAT USERS FELT", "WHAT IT COST"
	felt.write(b)
	cost.write(b)
	if n := felt.same + cost.same; n > 0 {
		fmt.Fprintf(b, "\n   %d more figures are the same in every round of every design\n", n)
	}
	fmt.Fprintf(b, "\n Medians of the rounds with their 95 %% intervals (bootstrap over rounds). A design differs where turning the rounds' signs at random shows as much\n"+
		" anywhere in the table in 5 %% of the cases at most, and the paired bootstrap interval of the difference has no 0 in it. In virtual time no CPU is measured.\n")
	return b.Flush()
}

// sheet is a part of the table.
type sheet struct {
	title string
	rows  [][]string
	same  int
}

// layout makes the rows of all sides: a figure's median and interval in each, and what differs from the first.
func layout(sides []*Side, others []*Comparison) (felt, cost sheet) {
	header := []string{""}
	for i, s := range sides {
		header = append(header, s.name())
		if i > 0 {
			header = append(header, "against "+sides[0].name())
		}
	}
	felt.rows, cost.rows = [][]string{header}, [][]string{header}
	var names []Named
	seen := map[string]bool{}
	for _, c := range others {
		for _, r := range c.Rows {
			if !seen[r.Name] {
				seen[r.Name] = true
				names = append(names, r.Named)
			}
		}
	}
	for _, n := range names {
		into := &felt
		name, isCost := strings.CutPrefix(n.Name, costs)
		if isCost {
			into = &cost
		}
		cells, differs := []string{name}, false
		for i, s := range sides {
			cells = append(cells, spread(s, n))
			if i > 0 {
				said, moved := against(others[i-1], n.Name)
				cells, differs = append(cells, said), differs || moved
			}
		}
		if !differs {
			into.same++
			continue
		}
		into.rows = append(into.rows, cells)
	}
	return felt, cost
}

// spread is a figure's median over the rounds, and the interval of that.
func spread(s *Side, n Named) string {
	values := known(s, n.Name)
	if len(values) == 0 {
		return "unknown"
	}
	low, high := interval(len(values), func(draw []int) float64 {
		drawn := make([]float64, len(draw))
		for i, d := range draw {
			drawn[i] = values[d]
		}
		return median(drawn)
	})
	said := n.Unit.Spell(median(values))
	if low != high {
		said += span(n.Unit.Spell(low), n.Unit.Spell(high))
	}
	if len(values) < len(s.Runs) {
		said += fmt.Sprintf(" in %d of %d", len(values), len(s.Runs))
	}
	return said
}

// against says how a figure differs from the first design's, and whether it does in any round.
func against(c *Comparison, name string) (said string, moved bool) {
	for _, r := range c.Rows {
		if r.Name != name {
			continue
		}
		switch r.Change {
		case Untold:
			return "not in every round", true
		case Worse:
			return "✗ " + r.Unit.Signed(r.By) + span(r.Unit.Signed(r.Low), r.Unit.Signed(r.High)), true
		case Improved:
			return "✓ " + r.Unit.Signed(r.By) + span(r.Unit.Signed(r.Low), r.Unit.Signed(r.High)), true
		}
		if r.Low == 0 && r.High == 0 {
			return "the same", false
		}
		return "can't be told apart" + span(r.Unit.Signed(r.Low), r.Unit.Signed(r.High)), true
	}
	return "", false
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

func (s *sheet) write(w io.Writer) {
	if len(s.rows) < 2 {
		return
	}
	s.rows[0][0] = s.title
	widths := make([]int, len(s.rows[0]))
	for _, row := range s.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintln(w)
	for _, row := range s.rows {
		line := ""
		for i, cell := range row {
			line += " " + cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+1)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

// name is a side's variant, or the scenario's own name.
func (s *Side) name() string {
	if s.Variant != "" {
		return s.Variant
	}
	return s.Scenario
}

// Sentence is what a person can quote: what users feel most of the second design, and what it costs or saves most; "" where nothing differs.
func (c *Comparison) Sentence() string {
	var felt, cost *Row
	for i := range c.Rows {
		r := &c.Rows[i]
		if r.Change != Worse && r.Change != Improved || r.Unit == YesNo {
			continue
		}
		into := &felt
		if strings.HasPrefix(r.Name, costs) {
			into = &cost
		}
		dearer := into == &cost && *into != nil && r.Change == Worse && (*into).Change == Improved
		cheaper := into == &cost && *into != nil && r.Change == Improved && (*into).Change == Worse // what it costs is told before what it saves
		if *into == nil || dearer || !cheaper && r.weight() > (*into).weight() {
			*into = r
		}
	}
	if felt == nil && cost == nil {
		return ""
	}
	said := c.B.name() + ":"
	if felt != nil {
		said += fmt.Sprintf(" %s %s (95 %% CI%s", felt.Unit.Signed(felt.By), felt.Name, strings.Replace(span(felt.Unit.Signed(felt.Low), felt.Unit.Signed(felt.High)), "(", "", 1))
	}
	if cost != nil {
		word := "costs"
		if cost.Change == Improved {
			word = "saves"
		}
		if felt != nil {
			said += ","
		}
		said += fmt.Sprintf(" %s %s %s (%s)", word, cost.Unit.Spell(math.Abs(cost.By)), strings.TrimPrefix(cost.Name, costs), cost.Unit.Signed(cost.By))
	}
	return said
}

// weight orders what differs for a sentence: shares of requests that users lost or got first, then the rest by how much of itself it is.
func (r *Row) weight() float64 {
	switch {
	case strings.HasPrefix(r.Name, "success"):
		return 1e6 * math.Abs(r.By)
	case r.A == 0:
		return 1
	}
	return math.Abs(r.By / r.A)
}
