package report

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// judgeRecovery takes the slowest recovery of the faults that After names, a phase or a fault. A
// recovery that the run did not watch for long enough can't be told; one that it did, did not happen.
func judgeRecovery(out *record.Expectation, r *record.Result, e scenarios.Expectation) {
	var measured, untold []string
	holds, found := true, false
	limit := e.Recovered.Seconds()
	for _, f := range r.Faults {
		if f.Phase != e.After && f.Name != e.After {
			continue
		}
		found = true
		switch {
		case f.RecoveryUntold != "":
			measured = append(measured, f.RecoveryUntold)
			untold = append(untold, "recovery is unknown: "+f.RecoveryUntold)
		case f.UndoneS == nil:
			never := f.Text + " was never lifted"
			measured, untold = append(measured, never), append(untold, never)
		case f.RecoveredAfterS != nil:
			measured = append(measured, Seconds(*f.RecoveredAfterS))
			holds = holds && *f.RecoveredAfterS <= limit
		default:
			watched := r.DurationS - *f.UndoneS
			within := "not recovered within " + Seconds(watched)
			measured = append(measured, within)
			if watched >= limit {
				holds = false
			} else {
				untold = append(untold, "the run ended before it could be told: "+within)
			}
		}
	}
	out.Measured = strings.Join(unique(measured), ", ")
	switch {
	case !found:
		out.Why = fmt.Sprintf("no fault of %q was carried out", e.After)
	case !holds:
		out.Holds = ref(false)
	case len(untold) > 0:
		out.Why = strings.Join(unique(untold), "; ")
	default:
		out.Holds = ref(true)
	}
}
