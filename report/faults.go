package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/squallhq/squall/runner/record"
)

func writeFaults(w io.Writer, r *record.Result, p paint) error {
	if len(r.Faults)+len(r.Actions) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	g := grid{left: 2, header: []string{"FAULT", "ON", "from", "to", "felt after", "recovered after", "what met it"}}
	for _, f := range r.Faults {
		g.add(f.Text+lasting(f), f.On, at(f.AppliedS), at(f.UndoneS), felt(f), recovered(f), met(&f.Receipt))
	}
	for _, a := range r.Actions {
		if a.Who != record.ByPlan {
			g.add(did(a), a.On, at(&a.AtS), at(a.UndoneS), "", "", met(a.Receipt))
		}
	}
	if err := g.write(w); err != nil {
		return err
	}
	for _, f := range r.Faults {
		if f.RecoveryUntold != "" {
			fmt.Fprintln(w, p.faint(fmt.Sprintf("%s on %s: recovery is unknown, %s", f.Text, f.On, f.RecoveryUntold)))
		}
		if f.ToldWith != "" {
			fmt.Fprintln(w, p.faint(fmt.Sprintf("%s on %s can't be told apart from %s: what was felt is of both", f.Text, f.On, f.ToldWith)))
		}
	}
	return nil
}

// lasting names the later phases that a fault lasted into.
func lasting(f record.Fault) string {
	if len(f.AlsoIn) == 0 {
		return ""
	}
	return " (into " + strings.Join(f.AlsoIn, ", ") + ")"
}

// did says what was done beside the plan, and how: "by hand" through a door, or "from outside".
func did(a record.Action) string {
	how := "by hand"
	if a.Who == record.ByOutside {
		how = "from outside"
	}
	return fmt.Sprintf("%s (%s, %s)", a.What, how, a.Door)
}

// met is what a receipt counted, and of what part of the requests that it could have.
func met(r *record.Receipt) string {
	switch {
	case r == nil:
		return "-"
	case r.Coverage != nil && *r.Coverage < 1:
		return fmt.Sprintf("%s, %s of what crossed", r.Text, percent(*r.Coverage))
	}
	return r.Text
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
