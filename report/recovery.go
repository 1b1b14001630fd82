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
	var measured []string
	holds, told, found := true, true, false
	limit := e.Recovered.Seconds()
	for _, f := range r.Faults {
		if f.Phase != e.After && f.Name != e.After {
			continue
		}
		found = true
		switch {
		case f.RecoveryUntold != "":
			told = false
			measured = append(measured, f.RecoveryUntold)
		case f.UndoneS == nil:
			told = false
			measured = append(measured, f.Text+" was never lifted")
		case f.RecoveredAfterS != nil:
			measured = append(measured, Seconds(*f.RecoveredAfterS))
			holds = holds && *f.RecoveredAfterS <= limit
		default:
			watched := r.DurationS - *f.UndoneS
			measured = append(measured, "not recovered within "+Seconds(watched))
			if watched >= limit {
				holds = false
			} else {
				told = false
			}
		}
	}
	out.Measured = strings.Join(unique(measured), ", ")
	switch {
	case !found:
		out.Why = fmt.Sprintf("no fault of %q was carried out", e.After)
	case !holds:
		out.Holds = ref(false)
	case !told:
		out.Why = "the run ended before it could be told: " + out.Measured
	default:
		out.Holds = ref(true)
	}
}
