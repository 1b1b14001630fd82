package report

import (
	"fmt"
	"io"

	"github.com/squallhq/squall/runner/record"
)

func writeFaults(w io.Writer, r *record.Result, p paint) error {
	if len(r.Faults) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	g := grid{left: 2, header: []string{"FAULT", "ON", "from", "to", "felt after", "recovered after", "what met it"}}
	for _, f := range r.Faults {
		g.add(f.Text, f.On, at(f.AppliedS), at(f.UndoneS), felt(f), recovered(f), f.Receipt.Text)
	}
	if err := g.write(w); err != nil {
		return err
	}
	for _, f := range r.Faults {
		if f.RecoveryUntold != "" {
			fmt.Fprintln(w, p.faint(fmt.Sprintf("%s on %s: recovery is unknown, %s", f.Text, f.On, f.RecoveryUntold)))
		}
	}
	return nil
}

func at(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f s", *s)
}

// unknown is what a figure says that could not be told; a line below the table says why.
const unknown = "unknown"

func felt(f record.Fault) string {
	switch {
	case f.DetectedAfterS != nil:
		return Seconds(*f.DetectedAfterS)
	case f.RecoveryUntold != "" || f.AppliedS == nil:
		return unknown
	}
	return "not felt"
}

func recovered(f record.Fault) string {
	switch {
	case f.Metastable:
		return "never: metastable"
	case f.RecoveredAfterS != nil:
		return Seconds(*f.RecoveredAfterS)
	case f.RecoveryUntold != "":
		return unknown
	case f.UndoneS == nil:
		return "-"
	}
	return "not by the end"
}
