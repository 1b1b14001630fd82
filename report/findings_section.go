package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/squallhq/squall/runner/record"
)

// shownFindings is how many findings are shown; the rest are counted in a line.
const shownFindings = 3

// writeFindings says why: what was lost by most comes first, each with its figures and what the library has for it.
func writeFindings(w io.Writer, r *record.Result, p paint) error {
	if len(r.Findings) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	for _, f := range r.Findings[:min(shownFindings, len(r.Findings))] {
		fmt.Fprintf(w, "%s  %s\n", p.bold(f.Kind+": "+f.Where), p.faint(toll(f)))
		fmt.Fprintf(w, "  because %s\n", f.Because)
		for _, e := range f.Evidence {
			fmt.Fprintf(w, "  %s %s\n", p.faint("-"), e)
		}
		if way := spread(f.Spread); way != "" {
			fmt.Fprintf(w, "  %s %s\n", p.faint("-"), way)
		}
		if len(f.Try) > 0 {
			fmt.Fprintf(w, "  try %s: %s\n", p.bold(f.Try[0].Pattern), f.Try[0].About)
			if more := f.Try[1:]; len(more) > 0 {
				names := make([]string, len(more))
				for i, m := range more {
					names[i] = m.Pattern
				}
				fmt.Fprintf(w, "  %s\n", p.faint("or "+strings.Join(names, ", ")+" (examples/patterns)"))
			}
		}
	}
	if rest := len(r.Findings) - shownFindings; rest > 0 {
		fmt.Fprintln(w, p.faint(fmt.Sprintf("and %d more findings in result.json", rest)))
	}
	return nil
}

// toll is what was lost while a finding held, and when.
func toll(f record.Finding) string {
	when := "over the whole run"
	if f.When.Phase != "" {
		when = fmt.Sprintf("in %s (%s to %s)", f.When.Phase, Seconds(f.When.FromS), Seconds(f.When.ToS))
	}
	return fmt.Sprintf("%s requests lost or late %s", count(f.Lost), when)
}

// spread is the way of a failure from node to node in one line, "" where it is not known.
func spread(steps []record.Worsened) string {
	if len(steps) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("spread: ")
	for i, s := range steps {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "%s at %s (%s)", s.Where, Seconds(s.AtS), s.What)
		case s.AtS == steps[i-1].AtS:
			fmt.Fprintf(&b, ", %s", s.Where)
		default:
			fmt.Fprintf(&b, ", %s at %s", s.Where, Seconds(s.AtS))
		}
	}
	return b.String()
}
