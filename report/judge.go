// Package report judges a stored run and renders it: one file a renderer. It works from the
// record alone, never from an engine, so that every report can be made again later.
package report

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Judge holds a result against what its scenario expects and sets Expectations, Verdict and Reasons.
//
// The order of the rules, first match wins:
//
//  1. acknowledged writes lost beyond what is expected: fail, whatever else is in doubt;
//  2. the run was interrupted, one of its validity checks failed, or a fault met no traffic: inconclusive;
//  3. an expectation did not hold: fail;
//  4. an expectation could not be told, or there is none: inconclusive;
//  5. otherwise: pass.
//
// A judge that fails gives inconclusive, never a pass.
func Judge(r *record.Result, s *scenarios.Scenario) {
	r.Verdict, r.Reasons, r.Expectations = record.Inconclusive, nil, []record.Expectation{}
	defer func() {
		if p := recover(); p != nil {
			r.Verdict = record.Inconclusive
			r.Reasons = []string{fmt.Sprintf("the judge failed: %v", p)}
		}
	}()
	var lost bool
	var broken []string
	for _, e := range s.Expect {
		judged := judgeOne(r, e)
		r.Expectations = append(r.Expectations, judged)
		if judged.Holds != nil && !*judged.Holds {
			lost = lost || e.WritesLost != nil && r.Writes.Lost > int64(*e.WritesLost)
			broken = append(broken, reasons(r, e, judged)...)
		}
	}
	doubts, untold := doubts(r), untold(r)
	switch {
	case lost:
		r.Verdict, r.Reasons = record.Fail, append(broken, doubts...)
	case len(doubts) > 0:
		r.Verdict, r.Reasons = record.Inconclusive, append(doubts, broken...)
	case len(broken) > 0:
		r.Verdict, r.Reasons = record.Fail, append(broken, untold...)
	case len(untold) > 0:
		r.Verdict, r.Reasons = record.Inconclusive, untold
	default:
		r.Verdict, r.Reasons = record.Pass, []string{allHeld(len(r.Expectations))}
	}
}

func allHeld(n int) string {
	if n == 1 {
		return "the one expectation held"
	}
	return fmt.Sprintf("all %d expectations held", n)
}

// doubts lists what makes every figure of the run uncertain.
func doubts(r *record.Result) []string {
	var out []string
	if r.Partial {
		out = append(out, "the run was interrupted")
	}
	for _, c := range r.Checks {
		if !c.OK {
			out = append(out, c.Name+": "+c.Text)
		}
	}
	for _, f := range r.Faults {
		switch {
		case f.Error != "":
			out = append(out, fmt.Sprintf("fault %s on %s: %s", f.Text, f.On, f.Error))
		case f.AppliedS != nil && !f.Receipt.Met:
			out = append(out, fmt.Sprintf("fault %s on %s hit nothing: no traffic met it", f.Text, f.On))
		case f.AppliedS == nil && !r.Partial:
			out = append(out, fmt.Sprintf("fault %s on %s was never applied", f.Text, f.On))
		}
	}
	return unique(out)
}

// untold lists the expectations that could not be told, and their absence.
func untold(r *record.Result) []string {
	var out []string
	for _, e := range r.Expectations {
		if e.Holds == nil {
			out = append(out, fmt.Sprintf("%s: %s", e.Text, e.Why))
		}
	}
	if len(r.Expectations) == 0 {
		out = append(out, "the scenario expects nothing (add an expect: section to get a verdict)")
	}
	return out
}

func judgeOne(r *record.Result, e scenarios.Expectation) record.Expectation {
	out := record.Expectation{Text: e.Text, In: e.In, Of: e.Of, Line: e.Line}
	if out.Of == "" && len(e.Bounds) > 0 {
		out.Of = "all"
	}
	switch {
	case e.AboutData():
		judgeWrites(&out, r, e)
	case e.After != "":
		judgeRecovery(&out, r, e)
	default:
		judgeBounds(&out, r, e)
	}
	return out
}

// judgeWrites holds what was read back against its bounds.
func judgeWrites(out *record.Expectation, r *record.Result, e scenarios.Expectation) {
	if !r.Writes.Checked {
		out.Why = "the writes could not be read back: " + r.Writes.Why
		out.Measured = "unknown"
		return
	}
	holds := true
	within := func(most *int, n int64, word string, said []string) []string {
		if most == nil {
			return said
		}
		holds = holds && n <= int64(*most)
		return append(said, fmt.Sprintf("%d %s", n, word))
	}
	var measured []string
	w := r.Writes
	if said := within(e.WritesDuplicated, w.Duplicated, "duplicated", within(e.WritesLost, w.Lost, "lost", nil)); len(said) > 0 {
		measured = append(measured, fmt.Sprintf("%s of %d acknowledged", strings.Join(said, ", "), w.Acknowledged))
	}
	if said := within(e.EventsDuplicated, w.EventsDuplicated, "duplicated", within(e.EventsLost, w.EventsLost, "lost", nil)); len(said) > 0 {
		measured = append(measured, fmt.Sprintf("%s of %d events", strings.Join(said, ", "), w.Events))
	}
	out.Measured = strings.Join(measured, ", ")
	out.Holds = &holds
}

// judgeRecovery takes the slowest recovery of the faults that After names, a phase or a fault. A
// recovery that the run did not watch for long enough can't be told; one that it did, did not happen.
func judgeRecovery(out *record.Expectation, r *record.Result, e scenarios.Expectation) {
	var measured []string
	holds, told, found := true, true, false
	limit := e.Recovered.Seconds()
	for _, f := range r.Faults {
		if f.Phase != e.After && f.Name != e.After {
			continue
		}
		found = true
		switch {
		case f.RecoveryUntold != "":
			told = false
			measured = append(measured, f.RecoveryUntold)
		case f.UndoneS == nil:
			told = false
			measured = append(measured, f.Text+" was never lifted")
		case f.RecoveredAfterS != nil:
			measured = append(measured, seconds(*f.RecoveredAfterS))
			holds = holds && *f.RecoveredAfterS <= limit
		default:
			watched := r.DurationS - *f.UndoneS
			measured = append(measured, "not recovered within "+seconds(watched))
			if watched >= limit {
				holds = false
			} else {
				told = false
			}
		}
	}
	out.Measured = strings.Join(unique(measured), ", ")
	switch {
	case !found:
		out.Why = fmt.Sprintf("no fault of %q was carried out", e.After)
	case !holds:
		out.Holds = ref(false)
	case !told:
		out.Why = "the run ended before it could be told: " + out.Measured
	default:
		out.Holds = ref(true)
	}
}

func judgeBounds(out *record.Expectation, r *record.Result, e scenarios.Expectation) {
	var measured []string
	holds, doubt := true, ""
	for _, b := range e.Bounds {
		value, err := measure(r, e, b.Metric)
		if err != nil {
			out.Why, out.Measured = err.Error(), "unknown"
			return
		}
		measured = append(measured, string(b.Metric)+" "+spell(b.Metric, value))
		lag := lagIn(r.Generator, b.Metric)
		with, without := compare(value, b.Op, b.Value), compare(max(value-lag, 0), b.Op, b.Value)
		switch {
		case with && without:
		case with != without:
			doubt = fmt.Sprintf("%s: the generator's own lag of up to %s decides it", measured[len(measured)-1], milliseconds(lag*1000))
		default:
			holds = false
		}
	}
	out.Measured = strings.Join(measured, ", ")
	if holds && doubt != "" {
		out.Why = doubt
		return
	}
	out.Holds = &holds
}

// lagIn is how much of a latency may be the generator's lag, in seconds: latency counts from the
// intended time, so that what users felt lies between the measured value less the lag and the value.
func lagIn(g record.Generator, m scenarios.Metric) float64 {
	switch m {
	case scenarios.MetricMean, scenarios.MetricP50, scenarios.MetricP90, scenarios.MetricP95, scenarios.MetricP99:
		return g.LagMs.P99 / 1000
	case scenarios.MetricP999, scenarios.MetricMax:
		return g.LagMs.Max / 1000
	}
	return 0
}

func compare(value float64, op string, bound float64) bool {
	switch op {
	case "<":
		return value < bound
	case "<=":
		return value <= bound
	case ">":
		return value > bound
	case ">=":
		return value >= bound
	case "==":
		return value == bound
	}
	panic("unknown comparison " + op)
}

func ref[T any](v T) *T { return &v }

func unique(in []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range in {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
