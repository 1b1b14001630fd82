package report

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

var retrospectiveFormat = Format{Name: "retrospective", File: "report.md", Render: Retrospective, Wanted: attended}

// attended tells that people took part in a run, or that something was done to it from outside.
func attended(r *record.Result) bool {
	return slices.ContainsFunc(r.Events, func(e record.Event) bool { return e.Kind == "said" || e.Kind == "mark" }) ||
		slices.ContainsFunc(r.Actions, func(a record.Action) bool { return a.Who == record.ByHand || a.Who == record.ByOutside })
}

// Retrospective writes a run as what people sit together over afterwards: what was to be shown, the verdict, the time line, what users felt,
// findings, and questions that only they can answer.
func Retrospective(w io.Writer, r *record.Result) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Retrospective: %s\n\n", inMarkdown(words.Title(r)))
	if r.About != "" {
		fmt.Fprintf(&b, "%s\n\n", inMarkdown(r.About))
	}
	for _, p := range words.Particulars(r) {
		fmt.Fprintf(&b, "- %s: %s\n", p[0], inMarkdown(p[1]))
	}
	fmt.Fprintf(&b, "- run: %s on %s, %s engine, seed %d, %s\n", inMarkdown(r.Run), r.Started.Format("2006-01-02 15:04 MST"), r.Engine, r.Seed, Seconds(r.DurationS))
	if people := tookPart(r); len(people) > 0 {
		fmt.Fprintf(&b, "- took part: %s\n", inMarkdown(strings.Join(people, ", ")))
	}
	fmt.Fprintf(&b, "\n## Verdict\n\n%s\n\n", strings.TrimSuffix(badges[r.Verdict], ":"))
	for _, reason := range r.Reasons {
		fmt.Fprintf(&b, "- %s\n", inMarkdown(reason))
	}
	if len(r.Expectations) > 0 {
		table := newMarkdownTable(&b, 3, "", "expected", "measured")
		for _, e := range r.Expectations {
			table.row(words.Mark(e.Holds), e.Text, words.Measured(e))
		}
	}
	b.WriteString("\n## Time line\n")
	table := newMarkdownTable(&b, 3, "at", "what", "")
	for _, m := range moments(r) {
		table.row(words.At(&m.at), m.kind, m.text)
	}
	b.WriteString("\n## What users felt\n")
	phasesTable(&b, r)
	if len(r.Faults)+len(r.Actions) > 0 {
		b.WriteString("\n## What was done\n")
		faultsTable(&b, r)
	}
	b.WriteString("\n## Findings\n")
	if len(r.Findings) == 0 {
		b.WriteString("\nNone of squall's rules found anything.\n")
	}
	findingsIn(&b, r, len(r.Findings))
	questions(&b, r)
	_, err := w.Write(b.Bytes())
	return err
}

// tookPart are those who did something, by the names that they gave.
func tookPart(r *record.Result) (people []string) {
	for _, a := range r.Actions {
		if a.Person != "" && !slices.Contains(people, a.Person) {
			people = append(people, a.Person)
		}
	}
	return people
}

// moment is a line of the time line.
type moment struct {
	at         float64
	kind, text string
}

// happenings are the kinds of a record's events as the time line calls them.
var happenings = map[string]string{"phase": "phase", "fault": "fault", "undo": "undo", "action": "act", "said": "note", "node": "node", "note": "squall", "alert": "monitoring", "hook": "hook", "countdown": "fault"}

// moments are everything that happened, and when it was first felt and found, in order.
func moments(r *record.Result) []moment {
	var out []moment
	for _, e := range r.Events {
		out = append(out, moment{e.AtS, cmp.Or(happenings[e.Kind], e.Kind), e.Text})
	}
	for _, f := range r.Faults {
		if f.AppliedS != nil && f.DetectedAfterS != nil {
			out = append(out, moment{*f.AppliedS + *f.DetectedAfterS, "users", "feel " + words.Fault(f) + " on " + f.On})
		}
		if f.UndoneS != nil && f.DetectedAfterS != nil && f.RecoveredAfterS != nil && !f.Metastable {
			out = append(out, moment{*f.UndoneS + *f.RecoveredAfterS, "users", "are as well off as before " + words.Fault(f) + " on " + f.On})
		}
	}
	for _, f := range r.Findings {
		if len(f.Spread) == 0 { // it is of a stretch, and when in it is not known
			out = append(out, moment{f.When.FromS, "finding", fmt.Sprintf("%s at %s, somewhere until %s", f.Kind, f.Where, words.At(&f.When.ToS))})
			continue
		}
		out = append(out, moment{f.Spread[0].AtS, "first sign", f.Kind + " at " + f.Where + ": " + f.Spread[0].Where + ", " + f.Spread[0].What})
	}
	slices.SortStableFunc(out, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return out
}

// questions are what people fill in.
func questions(b *bytes.Buffer, r *record.Result) {
	b.WriteString("\n## To fill in\n")
	if r.Hypothesis != "" {
		fmt.Fprintf(b, "\n### Did the hypothesis hold?\n\n> %s\n\n- [ ] yes\n- [ ] no, because ...\n", inMarkdown(r.Hypothesis))
	}
	b.WriteString("\n### What surprised us?\n\n- ...\n\n### What did monitoring say, and when?\n")
	table := newMarkdownTable(b, 2, "at", "what happened", "what was seen, and where", "seen after")
	for _, f := range r.Faults {
		if f.AppliedS != nil {
			table.row(words.At(f.AppliedS), words.Fault(f)+" on "+f.On, "", "")
		}
	}
	for _, a := range r.Actions {
		if a.Who != record.ByPlan && a.Phase == "" {
			table.row(words.At(&a.AtS), words.Did(a)+" on "+a.On, "", "")
		}
	}
	b.WriteString("\n### What went well?\n\n- ...\n\n### Actions\n")
	table = newMarkdownTable(b, 3, "what", "owner", "until")
	for _, f := range r.Findings {
		todo := f.Kind + " at " + f.Where
		if len(f.Try) > 0 {
			todo += ": try " + f.Try[0].Pattern
		}
		table.row(todo, r.Owner, "")
	}
	table.row("...", r.Owner, "")
}
