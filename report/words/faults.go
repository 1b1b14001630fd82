package words

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// Fault is what a fault is called: by its name, where the scenario gives it one, and what it does.
func Fault(f record.Fault) string {
	if f.Name == "" || f.Name == f.Text {
		return f.Text
	}
	return f.Name + ": " + f.Text
}

// Called is the short name of a fault.
func Called(f record.Fault) string {
	if f.Name != "" {
		return f.Name
	}
	return f.Text
}

// Lasting names the later phases that a fault lasted into.
func Lasting(f record.Fault) string {
	if len(f.AlsoIn) == 0 {
		return ""
	}
	return " (into " + strings.Join(f.AlsoIn, ", ") + ")"
}

// Did says what was done beside the plan, and how: "by hand" through a door, or "from outside".
func Did(a record.Action) string {
	return a.What + " (" + a.How() + ")"
}

// Met is what a receipt counted, and of what part of the requests that it could have.
func Met(r *record.Receipt) string {
	switch {
	case r == nil:
		return None
	case r.Coverage != nil && *r.Coverage < 1:
		return fmt.Sprintf("%s, %s of what crossed", r.Text, spell.Percent(*r.Coverage))
	}
	return r.Text
}

// At is a moment of the run.
func At(s *float64) string {
	if s == nil {
		return None
	}
	return fmt.Sprintf("%.2f s", *s)
}

// Unknown is what a figure says that could not be told; a line below the table says why.
const Unknown = "unknown"

// Felt is how long after it came on users felt a fault.
func Felt(f record.Fault) string {
	switch {
	case f.DetectedAfterS != nil:
		return spell.Seconds(*f.DetectedAfterS)
	case f.RecoveryUntold != "" || f.AppliedS == nil:
		return Unknown
	}
	return "not felt"
}

// Recovered is how long after it was gone users were as well off as before.
func Recovered(f record.Fault) string {
	switch {
	case f.Metastable:
		return "never: metastable"
	case f.RecoveredAfterS != nil:
		return spell.Seconds(*f.RecoveredAfterS)
	case f.RecoveryUntold != "":
		return Unknown
	case f.UndoneS == nil:
		return None
	}
	return "not by the end"
}
