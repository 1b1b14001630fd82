package answer

import (
	"bytes"
	"io"
	"strings"

	"github.com/squallhq/squall/report/spell"
)

// Markdown writes an answer for a pull request or a job's summary.
func Markdown(w io.Writer, a *Answer) error {
	var b bytes.Buffer
	b.WriteString("### " + spell.InMarkdown(a.Title) + "\n")
	if a.Untold != "" {
		b.WriteString("\n❔ can't tell: " + spell.InMarkdown(a.Untold) + "\n")
	}
	for _, s := range a.Sentences {
		b.WriteString("\n**" + spell.InMarkdown(s) + "**\n")
	}
	if len(a.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range a.Notes {
		b.WriteString("- note: " + spell.InMarkdown(n) + "\n")
	}
	for _, p := range a.Parts {
		if p.Table != nil && len(p.Table.Rows) > 0 {
			p.Table.markdown(&b)
		}
		if p.Curve != nil {
			var drawn bytes.Buffer
			p.Curve.terminal(&drawn, 100)
			b.WriteString("\n```text\n" + strings.Trim(strings.ReplaceAll(drawn.String(), "```", "'''"), "\n") + "\n```\n")
		}
	}
	if len(a.Method) > 0 {
		b.WriteString("\n<details><summary>How this was found</summary>\n\n" + spell.InMarkdown(strings.Join(a.Method, " ")) + "\n\n</details>\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (t *Table) markdown(b *bytes.Buffer) {
	b.WriteString("\n")
	for n, row := range t.grid() {
		for _, cell := range row {
			b.WriteString("| " + spell.InMarkdown(cell) + " ")
		}
		b.WriteString("|\n")
		if n == 0 {
			b.WriteString("|---" + strings.Repeat("|--:", len(row)-1) + "|\n")
		}
	}
	if t.Note != "" {
		b.WriteString("\n" + spell.InMarkdown(t.Note) + "\n")
	}
}
