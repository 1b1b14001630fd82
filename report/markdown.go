package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

var markdownFormat = Format{Name: "markdown", File: "summary.md", Render: Markdown}

// Markdown writes a run for a pull request or a job's summary: verdict and reasons, the expectations, and the figures folded away.
func Markdown(w io.Writer, r *record.Result) error {
	var b bytes.Buffer
	badge := badges[r.Verdict]
	if exit, _ := (Group{Runs: []*record.Result{r}}).Exit(); r.ShouldFail && exit == ExitPass {
		badge = "✅ fails, as it should:"
	} else if r.ShouldFail && exit == ExitFail {
		badge = "❌ passes, and should fail:"
	}
	fmt.Fprintf(&b, "### %s %s\n\n", badge, inMarkdown(words.Title(r)))
	fmt.Fprintf(&b, "%s engine, seed %d, %s", r.Engine, r.Seed, Seconds(r.DurationS))
	if r.About != "" {
		fmt.Fprintf(&b, ". %s", inMarkdown(r.About))
	}
	b.WriteString("\n")
	for i, p := range words.Particulars(r) {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "- %s: %s\n", p[0], inMarkdown(p[1]))
	}
	if r.Verdict != record.Pass {
		b.WriteString("\n")
		for _, reason := range r.Reasons {
			fmt.Fprintf(&b, "- %s\n", inMarkdown(reason))
		}
	}
	markdownFindings(&b, r)
	if len(r.Expectations) > 0 {
		table := newMarkdownTable(&b, 3, "", "expected", "measured")
		for _, e := range r.Expectations {
			table.row(words.Mark(e.Holds), e.Text, words.Measured(e))
		}
	}
	markdownPhases(&b, r)
	markdownFaults(&b, r)
	if r.Command != "" {
		fmt.Fprintf(&b, "\nAgain: %s\n", codeInMarkdown(r.Command))
	}
	b.WriteString("\n")
	_, err := w.Write(b.Bytes())
	return err
}

var badges = map[record.Verdict]string{record.Pass: "✅ pass:", record.Fail: "❌ fail:", record.Inconclusive: "❔ inconclusive:"}

// markdownMost is how many findings are shown; the rest are counted in a line.
const markdownMost = 3

// markdownFindings says why, as the terminal does: what lost the most first.
func markdownFindings(b *bytes.Buffer, r *record.Result) { findingsIn(b, r, markdownMost) }

func findingsIn(b *bytes.Buffer, r *record.Result, most int) {
	one, said := !words.SeveralLoads(r), ""
	for _, f := range r.Findings[:min(most, len(r.Findings))] {
		fmt.Fprintf(b, "\n**%s: %s** %s%s, because %s\n\n", inMarkdown(f.Kind), inMarkdown(f.Where), inMarkdown(words.Toll(f)),
			words.Whose(f, one, codeInMarkdown), inMarkdown(f.Because))
		for _, e := range f.Evidence {
			fmt.Fprintf(b, "- %s\n", inMarkdown(e))
		}
		if way := words.Spread(f.Spread); way != "" && way != said { // once
			fmt.Fprintf(b, "- %s\n", inMarkdown(way))
			said = way
		}
		if len(f.Try) > 0 {
			fmt.Fprintf(b, "- try %s: %s\n", codeInMarkdown(f.Try[0].Pattern), inMarkdown(f.Try[0].About))
		}
	}
	if rest := len(r.Findings) - most; rest > 0 {
		fmt.Fprintf(b, "\nand %d more findings in result.json\n", rest)
	}
	phases, sentences := words.Held(r, most)
	for i, phase := range phases {
		fmt.Fprintf(b, "\nHeld in %s: %s\n", inMarkdown(phase), inMarkdown(sentences[i]))
	}
}

func markdownPhases(b *bytes.Buffer, r *record.Result) {
	b.WriteString("\n<details><summary>What users felt</summary>\n")
	phasesTable(b, r)
	b.WriteString("\n</details>\n")
}

func phasesTable(b *bytes.Buffer, r *record.Result) {
	table := newMarkdownTable(b, 2, "phase", "request", "sent", "ok", "degraded", "failed", "goodput", "p50", "p99", "max")
	for _, phase := range r.Phases {
		for _, q := range phase.Requests {
			if q.Sent == 0 {
				continue
			}
			shares := words.Shares(q.OK, q.Degraded, q.Failed)
			table.row(phase.Name+words.Touched(r, phase), q.Request, count(q.Sent), shares[0], shares[1], strings.TrimSpace(shares[2]+" "+words.Worst(q)),
				perSecond(q.Goodput), words.Answered(q, metric.P50), words.Answered(q, metric.P99), words.Answered(q, metric.Max))
		}
	}
}

func markdownFaults(b *bytes.Buffer, r *record.Result) {
	if len(r.Faults)+len(r.Actions) == 0 {
		return
	}
	b.WriteString("\n<details><summary>What went wrong</summary>\n")
	faultsTable(b, r)
	b.WriteString("\n</details>\n")
}

func faultsTable(b *bytes.Buffer, r *record.Result) {
	table := newMarkdownTable(b, 2, "fault", "on", "from", "to", "felt after", "recovered after", "what met it")
	for _, f := range r.Faults {
		table.row(words.Fault(f), f.On, words.At(f.AppliedS), words.At(f.UndoneS), words.Felt(f), words.Recovered(f), words.Met(&f.Receipt))
	}
	for _, a := range r.Actions {
		if a.Who != record.ByPlan {
			table.row(words.Did(a), a.On, words.At(&a.AtS), words.At(a.UndoneS), words.None, words.None, words.Met(a.Receipt))
		}
	}
}

// markdownTable writes a table row by row: the first left columns are text, the rest are figures.
type markdownTable struct{ b *bytes.Buffer }

func newMarkdownTable(b *bytes.Buffer, left int, header ...string) markdownTable {
	b.WriteString("\n")
	t := markdownTable{b}
	t.row(header...)
	for i := range header {
		if i < left {
			b.WriteString("|---")
		} else {
			b.WriteString("|--:")
		}
	}
	b.WriteString("|\n")
	return t
}

func (t markdownTable) row(cells ...string) {
	for _, cell := range cells {
		t.b.WriteString("| " + inMarkdown(cell) + " ")
	}
	t.b.WriteString("|\n")
}

func inMarkdown(text string) string { return spell.InMarkdown(text) }

// codeInMarkdown is text between more backticks than it has in a row.
func codeInMarkdown(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}
