// Package report judges a stored run and renders it: one file a renderer. It works from the
// record alone, never from an engine, so that every report can be made again later.
package report

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Judge holds a result against what its scenario expects and sets Expectations, Verdict and Reasons.
//
// The order of the rules, first match wins:
//
//  1. acknowledged writes lost beyond what is expected: fail, whatever else is in doubt;
//  2. the run was ended by its abort_when: fail;
//  3. the run was interrupted, one of its validity checks failed, or a fault met no traffic: inconclusive;
//  4. an expectation did not hold: fail;
//  5. an expectation could not be told, or there is none: inconclusive;
//  6. otherwise: pass.
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
		judged, because := judgeOne(r, e)
		r.Expectations = append(r.Expectations, judged)
		if judged.Broken() {
			lost = lost || e.WritesLost != nil && r.Writes.Lost > int64(*e.WritesLost)
			broken = append(broken, because...)
		}
	}
	doubts, untold := doubts(r), untold(r)
	aborted := r.Aborted() != nil
	switch {
	case lost:
		r.Verdict, r.Reasons = record.Fail, append(broken, doubts...)
	case aborted:
		r.Verdict, r.Reasons = record.Fail, append(doubts, broken...)
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

// cutShort says why a run ended before its end: by hand, or for a reason of its own.
func cutShort(why string) string {
	if why == "" || why == "interrupted" {
		return "the run was interrupted"
	}
	return "the run was cut short: " + why
}

// doubts lists what makes every figure of the run uncertain.
func doubts(r *record.Result) []string {
	var out []string
	if r.Partial {
		out = append(out, cutShort(r.PartialWhy))
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
		case f.AppliedS != nil && !f.Receipt.Met && f.Receipt.Did != nil:
			out = append(out, fmt.Sprintf("fault %s on %s did nothing: %s", f.Text, f.On, f.Receipt.Text))
		case f.AppliedS != nil && !f.Receipt.Met:
			out = append(out, fmt.Sprintf("fault %s on %s hit nothing: no traffic met it", f.Text, f.On))
		case f.AppliedS == nil && !r.Partial:
			out = append(out, fmt.Sprintf("fault %s on %s was never applied", f.Text, f.On))
		}
	}
	for _, a := range r.Actions {
		if a.Foreign() {
			out = append(out, fmt.Sprintf("%s on %s at %.2f s: the plan does not have it", words.Did(a), a.On, a.AtS))
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

// judgeOne holds one line of expect against the run, and says why it does not hold where it does not.
func judgeOne(r *record.Result, e scenarios.Expectation) (record.Expectation, []string) {
	out := record.Expectation{Text: e.Text, In: e.In, Of: e.Of, Line: e.Line, Column: e.Column}
	for _, p := range phasesOf(r, e) {
		if r.Touched(p) {
			out.Touched = append(out.Touched, p.Name)
		}
	}
	if out.Of == "" && len(e.Bounds) > 0 {
		out.Of = "all"
	}
	switch {
	case e.AboutData():
		judgeWrites(&out, r, e)
		return out, []string{out.Measured + ", expected " + e.Text}
	case e.Alerted > 0:
		judgeAlert(&out, r, e)
		return out, []string{fmt.Sprintf("after %s: %s, expected within %s", e.After, out.Measured, e.Alerted)}
	case e.After != "":
		judgeRecovery(&out, r, e)
		return out, []string{fmt.Sprintf("after %s: %s, expected within %s", e.After, out.Measured, e.Recovered)}
	}
	return out, judgeBounds(&out, r, e)
}

// phasesOf are the phases that an expectation is about: one, those from the one that it comes after on, or all.
func phasesOf(r *record.Result, e scenarios.Expectation) []record.Phase {
	for i, p := range r.Phases {
		switch {
		case e.In != "" && p.Name == e.In:
			return r.Phases[i : i+1]
		case e.After != "" && (p.Name == e.After || slices.ContainsFunc(r.Faults, func(f record.Fault) bool { return f.Name == e.After && f.Phase == p.Name })):
			return r.Phases[i:]
		}
	}
	if e.In != "" || e.After != "" {
		return nil // it was left out
	}
	return r.Phases
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
