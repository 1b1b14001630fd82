// Package pipeline says what squall found where a pipeline shows it: at a line of the scenario, in the words of the system that runs the
// pipeline.
package pipeline

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"

	"github.com/squallhq/squall/runner/record"
)

// Finding is something that a pipeline shows at its place.
type Finding struct {
	// Check names what found it: a mistake in a scenario, or an expectation.
	Check string
	// Title says in a few words what it is, Message all of it.
	Title, Message string
	// File as it was named; Line and Column from 1, 0 where they are unknown.
	File         string
	Line, Column int
	// About is what it is about, without what was measured: the same in the next run. "": Message.
	About string
	// Severity of the finding.
	Severity Severity
}

// Severity orders findings.
type Severity int

// The severities, the worst first.
const (
	Lost   Severity = iota // what users had been promised is gone
	Broken                 // an expectation that does not hold, a scenario that can't be run
	Untold                 // what could not be told
)

// The checks.
const (
	Scenario    = "scenario"
	Expectation = "expectation"
)

// Most is how many findings are shown one by one: GitHub shows 10 errors of a step, and who has more looks at the report.
const Most = 10

// Expectations are the expectations of runs that did not hold or could not be told, worst first: data lost, then recoveries that did not come,
// then requests, those first of which the most failed, and at the end what could not be told.
func Expectations(runs ...*record.Result) []Finding {
	type ranked struct {
		Finding
		felt float64
	}
	var all []ranked
	for _, r := range runs {
		if r.ShouldFail && r.Verdict == record.Pass {
			all = append(all, ranked{Finding{Check: Expectation, File: r.File, Line: 1, Severity: Broken,
				Title: r.Scenario + " / " + r.Variant + ": passes", Message: "this variant should fail (expect: fail), and passes"}, 0})
		}
		for _, e := range r.Expectations {
			if r.ShouldFail && e.Holds != nil { // what did not hold was not to
				continue
			}
			if e.Holds != nil && *e.Holds {
				continue
			}
			name := r.Scenario
			if r.Variant != "" {
				name += " / " + r.Variant
			}
			f := Finding{Check: Expectation, File: r.File, Line: e.Line, Column: e.Column, Severity: Broken, About: e.Text,
				Title: name + ": did not hold", Message: e.Text + ": measured " + e.Measured}
			switch {
			case e.Holds == nil:
				f.Severity, f.Title, f.Message = Untold, name+": can't be told", e.Text+": "+cmp.Or(e.Why, e.Measured)
			case aboutData(e):
				f.Severity = Lost
			}
			all = append(all, ranked{f, felt(r, e)})
		}
	}
	slices.SortStableFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(b.felt, a.felt))
	})
	var out []Finding
	for _, f := range all {
		same := func(o Finding) bool {
			return o.Title == f.Title && o.About == f.About && o.File == f.File && o.Line == f.Line
		}
		if !slices.ContainsFunc(out, same) { // of a scenario that was run several times, the worst
			out = append(out, f.Finding)
		}
	}
	return out
}

// aboutData tells an expectation of what was read back: it is about no phase and no request.
func aboutData(e record.Expectation) bool {
	return strings.HasPrefix(e.Text, "writes_") || strings.HasPrefix(e.Text, "events_")
}

// felt is the share of failed requests among those that an expectation is about; a recovery that did not come is felt by all.
func felt(r *record.Result, e record.Expectation) float64 {
	if strings.HasPrefix(e.Text, "after: ") {
		return 1
	}
	var sent, failed int64
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			if (e.In == "" || e.In == "all" || e.In == p.Name) && (e.Of == "" || e.Of == "all" || e.Of == q.Load || e.Of == q.Request) {
				sent, failed = sent+q.Sent, failed+q.Failed
			}
		}
	}
	if sent == 0 {
		return 0
	}
	return float64(failed) / float64(sent)
}

// within is a file's name as the repository at root has it, from the working directory dir; as it is where it is not in there.
func within(root, dir, file string) string {
	if root == "" || file == "" {
		return filepath.ToSlash(file)
	}
	whole := file
	if !filepath.IsAbs(whole) {
		whole = filepath.Join(dir, file)
	}
	inside, err := filepath.Rel(root, whole)
	if err != nil || inside == ".." || strings.HasPrefix(inside, ".."+string(filepath.Separator)) {
		return filepath.ToSlash(file)
	}
	return filepath.ToSlash(inside)
}
