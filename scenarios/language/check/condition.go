package check

import "github.com/squallhq/squall/scenarios"

// conditions checks that the phases and requests that abort_when and pause_when name are there, as expectations are checked.
func (v *Checker) conditions() {
	for key, all := range map[string]scenarios.Conditions{"abort_when": v.AbortWhen, "pause_when": v.PauseWhen} {
		for i, c := range all {
			at := scenarios.At(key)
			if given := v.Root.Get(key); given != nil && len(given.Items) > 0 {
				at = at.Item(i)
			}
			if c.In != "" && c.In != "all" {
				v.phaseNamed(c.In, at.Key("in"))
			}
			e := scenarios.Expectation{In: c.In, Of: c.Of, Bounds: c.Bounds}
			v.subject(e, at)
			v.staleReads(e, at)
		}
	}
}
