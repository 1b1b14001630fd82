package report

import (
	"testing"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Monitoring has noticed a fault where an alert fired in time after it was on, and not where it came before, late, or under another name.
func TestAlerts(t *testing.T) {
	t.Parallel()
	fires := func(at float64, name string) record.Alert { return record.Alert{AtS: at, Name: name, Firing: true} }
	asked := func(at, active float64) record.Alert {
		return record.Alert{AtS: at, Name: "Slow", Firing: true, Asked: true, ActiveS: &active}
	}
	silent := func(from, to float64) *record.AlertsAsked {
		return &record.AlertsAsked{At: "http://p", Unknown: []record.Silence{{FromS: 2, ToS: 3}, {FromS: from, ToS: to}}}
	}
	first, second := 10.0, 12.0
	faults := []record.Fault{{Name: "late", Phase: "down", AppliedS: &second}, {Name: "outage", Phase: "down", AppliedS: &first}, {Name: "never", Phase: "after"}}
	for name, c := range map[string]struct {
		after, alert string
		nowhere      bool
		asked        *record.AlertsAsked
		alerts       []record.Alert
		lasts        float64
		holds, told  bool
		says         string
	}{
		"in time":          {after: "down", alerts: []record.Alert{fires(15, "Slow")}, holds: true, told: true, says: "Slow fired after 5.0 s"},
		"of its name":      {after: "down", alert: "Slow", alerts: []record.Alert{fires(11, "Other"), fires(15, "Slow")}, holds: true, told: true, says: "Slow fired after 5.0 s"},
		"of a fault":       {after: "late", alerts: []record.Alert{fires(11, "Slow"), fires(21, "Slow")}, holds: true, told: true, says: "Slow fired after 9.0 s"},
		"too late":         {after: "down", alerts: []record.Alert{fires(25, "Slow")}, told: true, says: "Slow fired after 15 s"},
		"before it":        {after: "down", alerts: []record.Alert{fires(9, "Slow")}, told: true, says: "no alert"},
		"resolved":         {after: "down", alerts: []record.Alert{{AtS: 15, Name: "Slow"}}, told: true, says: "no alert"},
		"another one":      {after: "down", alert: "Slow", alerts: []record.Alert{fires(15, "Other")}, told: true, says: "no alert Slow"},
		"told by hand":     {after: "down", nowhere: true, alerts: []record.Alert{fires(15, "pager")}, holds: true, told: true, says: "pager fired after 5.0 s"},
		"none could come":  {after: "down", nowhere: true, says: "no alert could come: give --alerts an address that the alert manager sends to, or name the Prometheus that is asked (alerts), in real time"},
		"ended too early":  {after: "down", lasts: 15, says: "the run ended before it could be told: no alert within 5.0 s"},
		"asked, none":      {after: "down", nowhere: true, asked: silent(4, 9), told: true, says: "no alert"},
		"asked, in time":   {after: "down", nowhere: true, asked: silent(12, 16), alerts: []record.Alert{asked(16, 11)}, holds: true, told: true, says: "Slow fired after 6.0 s"},
		"asked, too late":  {after: "down", asked: silent(22, 26), alerts: []record.Alert{asked(26, 11)}, told: true, says: "Slow fired after 16 s"},
		"silent and late":  {after: "down", asked: silent(19, 26), alerts: []record.Alert{asked(26, 11)}, says: "it may have fired earlier: http://p did not answer from 19 s to 26 s"},
		"silent, none":     {after: "down", asked: silent(19, 26), says: "http://p did not answer from 19 s to 26 s: whether it fired is unknown"},
		"pending before":   {after: "down", alert: "Slow", alerts: []record.Alert{asked(15, 9)}, says: "it is not known whether monitoring noticed: the alert was on before the fault was"},
		"on before":        {after: "down", alert: "Slow", alerts: []record.Alert{fires(9, "Slow")}, says: "it is not known whether monitoring noticed: the alert was on before the fault was"},
		"off before":       {after: "down", alert: "Slow", alerts: []record.Alert{fires(8, "Slow"), {AtS: 9, Name: "Slow"}}, told: true, says: "no alert Slow"},
		"paged before":     {after: "down", alert: "Slow", alerts: []record.Alert{{AtS: 9, Name: "Slow", Firing: true, By: "ann"}}, told: true, says: "no alert Slow"},
		"nothing happened": {after: "after", says: `no fault of "after" was carried out`},
	} {
		r := &record.Result{DurationS: 60, Faults: faults, Alerts: c.alerts, AlertsAt: "http://127.0.0.1:9095", AlertsAsked: c.asked}
		if c.nowhere {
			r.AlertsAt = ""
		}
		if c.lasts > 0 {
			r.DurationS = c.lasts
		}
		var out record.Expectation
		judgeAlert(&out, r, scenarios.Expectation{After: c.after, Alert: c.alert, Alerted: 10 * time.Second})
		says := out.Measured
		if out.Holds == nil {
			says = out.Why
		}
		if (out.Holds != nil) != c.told || c.told && *out.Holds != c.holds || says != c.says {
			t.Errorf("%s: holds %v, says %q, want %q", name, out.Holds, says, c.says)
		}
	}
}
