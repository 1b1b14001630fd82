package check

import "github.com/squallhq/squall/scenarios"

// alerts checks that what is asked which alerts fire has an address.
func (v *Checker) alerts() {
	at := scenarios.At("alerts").Key("prometheus")
	if v.Alerts == nil || v.valueAt(at) == nil || v.Report.Full() {
		return
	}
	if _, err := v.Alerts.Address(); err != nil {
		v.Problem(at, "nobody can be asked there: "+err.Error(), "write prometheus: http://127.0.0.1:9090")
	}
}
