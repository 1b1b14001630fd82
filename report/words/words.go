// Package words says the parts of a record as every report for people says them: what an expectation came to, what a request's
// failures were, when a fault was felt. A "-" is what is not known, or is not there; zero is written as zero.
package words

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// None stands for a figure that is not known, or is not there.
const None = "-"

// Title is a run's scenario, with its variant and what was changed in it.
func Title(r *record.Result) string {
	name := r.Scenario
	if r.Variant != "" {
		name += " / " + r.Variant
	}
	if len(r.Set) > 0 {
		name += " with " + strings.Join(r.Set, ", ")
	}
	return name
}

// Particulars are what a run's scenario says of itself beside what it is about, each with what it is called: what it is to show, who answers
// for it, where it says what to do.
func Particulars(r *record.Result) (out [][2]string) {
	for _, p := range [][2]string{{"hypothesis", r.Hypothesis}, {"owner", r.Owner}, {"runbook", r.Runbook}} {
		if p[1] != "" {
			out = append(out, p)
		}
	}
	return out
}

// Mark says whether an expectation holds, in one sign.
func Mark(holds *bool) string {
	switch {
	case holds == nil:
		return "?"
	case *holds:
		return "✓"
	}
	return "✗"
}

// Measured is what an expectation came to, or why that can't be told.
func Measured(e record.Expectation) string {
	touched := ""
	switch {
	case len(e.Touched) == 1 && e.Touched[0] == e.In:
		touched = touchedPhase
	case len(e.Touched) > 0:
		touched = " (touched: " + strings.Join(e.Touched, ", ") + ")"
	}
	if e.Holds == nil && e.Why != "" {
		return e.Why + touched
	}
	return e.Measured + touched
}

// touchedPhase follows the name of a phase that somebody touched.
const touchedPhase = " (touched)"

// Touched says of a phase in which something was done beside the plan that it was.
func Touched(r *record.Result, p record.Phase) string {
	if r.Touched(p) {
		return touchedPhase
	}
	return ""
}

// Answers is the summary of how long a request's answers took, and whether there is one: not where nothing was answered, nor in a
// run that was recorded before answers had their own, but where all were answered.
func Answers(q record.Request) (record.Latency, bool) {
	if q.AnswerMs != nil && q.AnswerMs.Count > 0 {
		return *q.AnswerMs, true
	}
	timed := q.Sent - q.Unsent
	if q.LatencyMs.Count > 0 || timed == 0 || q.OK+q.Degraded != timed {
		return record.Latency{}, false
	}
	all := q.LatencyMs
	all.Count = timed
	return all, true
}

// Of is a metric of a summary, in ms.
func Of(l record.Latency, m metric.Name) float64 {
	switch m {
	case metric.Mean:
		return l.Mean
	case metric.P50:
		return l.P50
	case metric.P90:
		return l.P90
	case metric.P95:
		return l.P95
	case metric.P99:
		return l.P99
	case metric.P999:
		return l.P999
	case metric.Max:
		return l.Max
	}
	panic(string(m) + " is no metric of latency")
}

// Known is a metric of a summary, in ms, and false where there are too few for it.
func Known(l record.Latency, m metric.Name) (float64, bool) {
	if l.Count < m.Facts().Needs() {
		return 0, false
	}
	return Of(l, m), true
}

// Latency writes a metric of a summary; of too few there is none.
func Latency(l record.Latency, m metric.Name) string {
	if ms, known := Known(l, m); known {
		return spell.Milliseconds(ms)
	}
	return None
}

// Answered is a figure of the latency of a request's answers.
func Answered(q record.Request, m metric.Name) string {
	l, _ := Answers(q)
	return Latency(l, m)
}

// Worst is the class that most of a request's failures were of, "" where there were none.
func Worst(q record.Request) string {
	if classes := Classes(q); len(classes) > 0 {
		return classes[0]
	}
	return ""
}

// Classes are the classes of a request's failures, the most frequent first.
func Classes(q record.Request) []string {
	classes := slices.Collect(maps.Keys(q.Errors))
	slices.SortFunc(classes, func(a, b string) int { return cmp.Or(cmp.Compare(q.Errors[b], q.Errors[a]), cmp.Compare(a, b)) })
	return classes
}

// Toll is what was lost while a finding held, and when.
func Toll(f record.Finding) string {
	when := "over the whole run"
	if f.When.Phase != "" {
		when = fmt.Sprintf("in %s (%s to %s)", f.When.Phase, spell.Seconds(f.When.FromS), spell.Seconds(f.When.ToS))
	}
	return Lost(f) + " " + when
}

// Lost is what a finding counts as lost: not all of it are requests.
func Lost(f record.Finding) string {
	switch f.Kind {
	case "backlog":
		return spell.Plural(f.Lost, "message") + " not delivered"
	case "writes lost":
		return spell.Plural(f.Lost, "write") + " lost"
	case "writes doubled":
		return spell.Plural(f.Lost, "write") + " doubled"
	case "stale reads":
		return spell.Plural(f.Lost, "stale answer")
	}
	return spell.Plural(f.Lost, "request") + " lost or late"
}

// Steady is the first phase with no fault on in which next to nothing failed, -1: there is none.
func Steady(r *record.Result) int {
	return slices.IndexFunc(r.Phases, func(p record.Phase) bool {
		sent, failed := int64(0), int64(0) // what a fault of another phase cut is charged to that one
		for _, q := range p.Requests {
			sent, failed = sent+q.Sent, failed+q.Failed
		}
		disturbed := slices.ContainsFunc(r.Faults, func(f record.Fault) bool { return f.OnIn(p) })
		return sent > 0 && float64(failed) < 0.01*float64(sent) && !disturbed
	})
}

// SeveralLoads tells whether a request needs its load's name beside it.
func SeveralLoads(r *record.Result) bool {
	loads := map[string]bool{}
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			loads[q.Load] = true
		}
	}
	return len(loads) > 1
}

// Whose says whose requests a finding is about, "" where it names none: ", of GET /a and POST /b". Where there is one load, its name says
// nothing. named spells each.
func Whose(f record.Finding, one bool, named func(string) string) string {
	var names []string
	for _, who := range f.Who {
		if _, request, is := strings.Cut(who, ": "); is && one {
			who = request
		}
		names = append(names, named(who))
	}
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return ", of " + names[0]
	default:
		return ", of " + strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// Spread is the way of a failure from node to node in one line, "" where it is not known.
func Spread(steps []record.Worsened) string {
	if len(steps) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("spread: ")
	for i, s := range steps {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "%s at %s (%s)", s.Where, spell.Seconds(s.AtS), s.What)
		case spell.Seconds(s.AtS) == spell.Seconds(steps[i-1].AtS):
			fmt.Fprintf(&b, ", %s", s.Where)
		default:
			fmt.Fprintf(&b, ", %s at %s", s.Where, spell.Seconds(s.AtS))
		}
	}
	return b.String()
}

// Held is what the architecture kept from its users, or refused by rule, a sentence a phase: the first few of its mechanisms.
func Held(r *record.Result, most int) (phases, sentences []string) {
	of := map[string][]string{}
	for _, a := range r.Absorbed {
		if !slices.Contains(phases, a.Phase) {
			phases = append(phases, a.Phase)
		}
		if len(of[a.Phase]) < most {
			of[a.Phase] = append(of[a.Phase], a.Text)
		}
	}
	for _, p := range phases {
		sentences = append(sentences, strings.Join(of[p], "; "))
	}
	return phases, sentences
}
