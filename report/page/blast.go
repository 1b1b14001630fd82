package page

import (
	"math"
	"strconv"

	"github.com/squallhq/squall/report/findings"
	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// felt is what one kind of request came to while something was on.
type felt struct {
	outcomes
	// p99 of its answers in ms: of the phase that what was on had for itself, else of the seconds in which it was; NaN of too few.
	p99 float64
}

// blast is who felt what: a row for each span, and one before the first of them.
type blast struct {
	kinds  []kind
	before []felt
	during [][]felt // by span
}

func newBlast(r *record.Result, t *timeline, spans []span) blast {
	b := blast{kinds: t.kinds}
	first := t.end
	for _, s := range spans {
		first = math.Min(first, s.from)
	}
	b.before = b.between(r, t.begin, first)
	for i := range b.before {
		b.before[i].cut = 0 // by what came after
	}
	for _, s := range spans {
		b.during = append(b.during, b.between(r, s.from, s.to))
	}
	return b
}

// between adds up what was intended between two moments. A second that a boundary of phases cuts has a window of each of
// them: what belongs to a phase that was over by then, or not begun, is none of it.
func (b blast) between(r *record.Result, from, to float64) []felt {
	index := map[[2]string]int{}
	sums := make([]felt, len(b.kinds))
	for i, k := range b.kinds {
		index[[2]string{k.load, k.request}] = i
		sums[i].p99 = math.NaN()
	}
	const nearly = 0.05 // s: faults are put on and off a little late
	within := map[string]bool{}
	for _, p := range r.Phases {
		within[p.Name] = p.StartS < to-nearly && p.EndS > from+nearly
		if math.Abs(p.StartS-from) > 1 || math.Abs(p.EndS-to) > 1 {
			continue
		}
		for _, q := range p.Requests {
			if i, known := index[[2]string{q.Load, q.Request}]; known && q.AnswerMs != nil && q.AnswerMs.Count >= fewest {
				sums[i].p99 = q.AnswerMs.P99
			}
		}
	}
	of := make([][]int, len(sums)) // windows by kind
	for i := range r.Windows {
		w := &r.Windows[i]
		k, known := index[[2]string{w.Load, w.Request}]
		if known && within[w.Phase] && float64(w.Second) < to-nearly && float64(w.Second+1) > from+nearly {
			sums[k].add(w)
			of[k] = append(of[k], i)
		}
	}
	for k := range sums {
		if math.IsNaN(sums[k].p99) && sums[k].ok+sums[k].degraded >= fewest {
			sums[k].p99 = p99Of(r.Windows, of[k])
		}
	}
	return sums
}

// p99Of is that of the answers in some windows, in ms; NaN of too few.
func p99Of(windows []record.Window, in []int) float64 {
	all, failed, err := latencies(windows, in)
	if err != nil {
		return math.NaN()
	}
	answers := without(all, failed)
	if answers.TotalCount() < fewest {
		return math.NaN()
	}
	return quantile(answers, 99)
}

// fewest answers that a p99 takes: of fewer, one beyond it is less likely than none.
const fewest = 50

// matrix is the table of who felt what.
func (b blast) matrix(spans []span, t *timeline, several bool) node {
	header := []string{"while"}
	for _, k := range b.kinds {
		name := k.request
		if several {
			name = k.load + ": " + k.request
		}
		header = append(header, name)
	}
	rows := [][]any{b.row(nodes{el("b", "nothing was wrong yet")}, b.before, nil)}
	for i, s := range spans {
		name := nodes{swatch("band " + s.look()), el("b", s.label()), el("small", clock(s.from, t.end)+" to "+clock(s.to, t.end)+overlapping(spans, i))}
		rows = append(rows, b.row(name, b.during[i], b.before))
	}
	return table("", 1, header, rows)
}

// overlapping names what was on in the same time: their figures are of all together.
func overlapping(spans []span, i int) string {
	for j, other := range spans {
		if j != i && other.from < spans[i].to-0.05 && other.to > spans[i].from+0.05 {
			return ", together with " + other.label()
		}
	}
	return ""
}

// row is what each kind of request felt, beside what it did before; nil: this was before.
func (b blast) row(name nodes, of, before []felt) []any {
	row := []any{name}
	for i, f := range of {
		if f.total() == 0 {
			row = append(row, el("td", class("n"), "–"))
			continue
		}
		lost := (f.failed + f.cut) / f.total()
		look := "loss-" + strconv.Itoa(level(lost))
		words := nodes{el("b", "all ok")}
		if degraded := f.degraded / f.total(); level(lost) == 0 && level(degraded) > 0 {
			look = "part-" + strconv.Itoa(level(degraded))
			words = nodes{el("b", spell.Percent(degraded)+" degraded")}
		} else if lost > 0 {
			words = nodes{el("b", spell.Percent(lost)+" failed")}
			if degraded > 0 {
				words = append(words, el("small", spell.Percent(degraded)+" degraded"))
			}
		} else if before != nil && findings.MuchSlower(before[i].p99, f.p99) { // false where one of both is unknown
			look, words = "part-2", nodes{el("b", "late")}
		}
		if !math.IsNaN(f.p99) {
			words = append(words, el("small", "p99 "+spell.Milliseconds(f.p99)))
		}
		row = append(row, el("td", class("felt "+look), words))
	}
	return row
}
