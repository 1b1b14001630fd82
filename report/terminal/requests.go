package terminal

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	diagnosis "github.com/squallhq/squall/report/findings"
	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// shownRequests is how many rows of requests are shown; the rest are counted in a line.
const shownRequests = 6

// felt is what one kind of request met in one phase, held against the steady one.
type felt struct {
	phase  record.Phase
	name   string // of the phase, as it is shown
	q      record.Request
	before *record.Request // in the steady phase; nil: it was not asked for there, or there is none
	lost   float64         // the share that failed, was cut or was much later than in the steady phase
	steady bool
	missed bool // an expectation about it, in this phase, did not hold
}

// requests shows what users felt: what went worst first, the steady phase's own rows and what was no worse folded away.
func requests(s *sheet, r *record.Result) error {
	all := feltIn(r)
	shown := all
	if !s.Verbose {
		shown = worstOf(all)
	}
	g := &grid{columns: []column{
		{name: "PHASE", text: true}, {name: "REQUEST", text: true}, {name: "sent", rank: 3}, {name: "ok"},
		{name: "degraded"}, {name: "failed"}, {name: "as", text: true},
		{name: "bad for", rank: 1}, {name: "goodput (steady)", rank: 6}, {name: "p50 (steady)", rank: 5},
		{name: "p99 (steady)"}, {name: "p99.9", rank: 7}, {name: "max", rank: 8},
		{name: "failed after", rank: 2},
	}}
	if !slices.ContainsFunc(shown, func(f felt) bool { return f.before != nil && !f.steady }) { // nothing to compare with
		for i := range g.columns {
			g.columns[i].name = strings.TrimSuffix(g.columns[i].name, " (steady)")
		}
	}
	if !slices.ContainsFunc(shown, func(f felt) bool { return f.q.Degraded > 0 }) { // then how long it was bad says more
		g.columns[slices.IndexFunc(g.columns, func(c column) bool { return c.name == "degraded" })].rank = 2
	}
	several := words.SeveralLoads(r)
	for _, f := range shown {
		name := f.q.Request
		if several {
			name = f.q.Load + ": " + name
		}
		shares := words.Shares(f.q.OK, f.q.Degraded, f.q.Failed)
		if shares == nil { // all of them were cut
			shares = []string{words.None, words.None, words.None}
		}
		g.add(f.name, name, spell.Count(f.q.Sent), shares[0], shares[1], shares[2], s.classes(f.q), f.badFor(r),
			f.goodput(), f.latency(metric.P50), f.latency(metric.P99), words.Answered(f.q, metric.P999), words.Answered(f.q, metric.Max), f.failures())
	}
	if err := s.table(g); err != nil {
		return err
	}
	if rest := len(all) - len(shown); rest > 0 {
		s.say("", nil, folded(all, shown), s.faint)
	}
	return nil
}

// feltIn are all requests of all phases that some were sent of, in time.
func feltIn(r *record.Result) []felt {
	steady := words.Steady(r)
	var all []felt
	for i, p := range r.Phases {
		for _, q := range p.Requests {
			if q.Sent+q.Cut == 0 {
				continue
			}
			f := felt{phase: p, name: p.Name + words.Touched(r, p), q: q, steady: i == steady}
			if steady >= 0 {
				f.before = requestIn(r.Phases[steady], q)
			}
			before := f.before
			if f.steady {
				before = nil
			}
			f.lost, f.missed = float64(diagnosis.Lost(before, q))/float64(q.Sent+q.Cut), missed(r, p, q)
			all = append(all, f)
		}
	}
	return all
}

func requestIn(p record.Phase, like record.Request) *record.Request {
	for i, q := range p.Requests {
		if q.Load == like.Load && q.Request == like.Request {
			return &p.Requests[i]
		}
	}
	return nil
}

// missed tells whether an expectation about a request in just this phase did not hold.
func missed(r *record.Result, p record.Phase, q record.Request) bool {
	return slices.ContainsFunc(r.Expectations, func(e record.Expectation) bool {
		return e.Broken() && e.In == p.Name && record.Covers(e.Of, q.Load, q.Request)
	})
}

// worstOf are the rows that lost most, first, and those about which an expectation did not hold; where none lost anything, those that are not the steady phase's; and where there
// are no others, those.
func worstOf(all []felt) []felt {
	rows := slices.DeleteFunc(slices.Clone(all), func(f felt) bool { return !f.missed && (f.steady || f.lost == 0 && f.q.Degraded == 0) })
	if len(rows) == 0 {
		rows = slices.DeleteFunc(slices.Clone(all), func(f felt) bool { return f.steady })
	}
	if len(rows) == 0 {
		rows = slices.Clone(all)
	}
	slices.SortStableFunc(rows, func(a, b felt) int {
		return cmp.Or(cmp.Compare(b.lost, a.lost), cmp.Compare(b.degraded(), a.degraded()))
	})
	return rows[:min(shownRequests, len(rows))]
}

func (f felt) degraded() float64 {
	if f.q.Sent == 0 {
		return 0
	}
	return float64(f.q.Degraded) / float64(f.q.Sent)
}

// folded says what is not shown.
func folded(all, shown []felt) string {
	steady, worse := 0, 0
	for _, f := range all {
		switch {
		case f.steady:
			steady++
		case f.lost > 0:
			worse++
		}
	}
	for _, f := range shown {
		switch {
		case f.steady:
			steady--
		case f.lost > 0:
			worse--
		}
	}
	var parts []string
	for _, part := range []struct {
		n    int
		what string
	}{{steady, "of the steady phase"}, {worse, "that lost less"}, {len(all) - len(shown) - steady - worse, "that lost nothing"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	return "folded: " + strings.Join(parts, ", ") + " (-v)"
}

// classes are what failures were: the most frequent, and with -v each with its number.
func (s *sheet) classes(q record.Request) string {
	classes := words.Classes(q)
	switch {
	case len(classes) == 0:
		return ""
	case s.Verbose:
		for i, c := range classes {
			classes[i] = c + " " + spell.Count(q.Errors[c])
		}
		return strings.Join(classes, ", ")
	case len(classes) > 1:
		return fmt.Sprintf("%s +%d", classes[0], len(classes)-1)
	}
	return classes[0]
}

// latency is a percentile of answers, and beside it the steady phase's where that is another one.
func (f felt) latency(m metric.Name) string {
	now, known := words.Answers(f.q)
	ms, known2 := words.Known(now, m)
	if !known || !known2 {
		return words.None
	}
	if f.before == nil || f.steady {
		return spell.Milliseconds(ms)
	}
	then, _ := words.Answers(*f.before)
	before, told := words.Known(then, m)
	if !told {
		return spell.Milliseconds(ms)
	}
	return against(spell.Milliseconds(ms), spell.Milliseconds(before))
}

func (f felt) goodput() string {
	if f.before == nil || f.steady {
		return spell.PerSecond(f.q.Goodput)
	}
	return against(spell.PerSecond(f.q.Goodput), spell.PerSecond(f.before.Goodput))
}

func against(now, before string) string {
	if now == before {
		return now
	}
	return fmt.Sprintf("%s (%s)", now, before)
}

// failures is how long failures took, where that differs from answers: the median, since what is refused takes no time and what times
// out takes all of it.
func (f felt) failures() string {
	if f.q.FailedMs == nil {
		return ""
	}
	ms, known := words.Known(*f.q.FailedMs, metric.P50)
	if !known {
		return ""
	}
	if answers, told := words.Answers(f.q); told {
		if apart := math.Abs(ms - answers.P50); apart < 1 || apart < 0.2*max(ms, answers.P50) {
			return ""
		}
	}
	return spell.Milliseconds(ms)
}

// badFor is in how many of the phase's seconds more than 1 % failed, or a tenth of the answers took much longer than the steady
// phase's. Unknown without windows.
func (f felt) badFor(r *record.Result) string {
	bad, seen, of := 0, 0, int(math.Round(f.phase.EndS-f.phase.StartS))
	for _, w := range r.Windows {
		if w.Phase != f.phase.Name || w.Load != f.q.Load || w.Request != f.q.Request {
			continue
		}
		seen++
		if f.badIn(w) {
			bad++
		}
	}
	switch {
	case seen == 0:
		return ""
	case bad == 0 && (f.before == nil || f.steady): // whether it was slow can't be told: there is nothing to hold it against
		return ""
	case bad == 0:
		return "0 s"
	}
	return fmt.Sprintf("%d of %d s", bad, max(of, bad))
}

func (f felt) badIn(w record.Window) bool {
	if float64(w.Failed) > 0.01*float64(w.Sent) { // what a fault of another phase cut is charged to that
		return true
	}
	if f.before == nil || f.steady || w.P90 == nil {
		return false
	}
	before, told := words.Answers(*f.before)
	return told && diagnosis.MuchSlower(before.P90, *w.P90)
}
