package report

import (
	"fmt"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// judgeAlert looks for the first alert of a name that fired once the first fault of a phase, or of a name, was on. That none came can be told
// only of a run that alerts could come to, and that went on for long enough.
func judgeAlert(out *record.Expectation, r *record.Result, e scenarios.Expectation) {
	on := firstOn(r, e.After)
	if on == nil {
		out.Why = fmt.Sprintf("no fault of %q was carried out", e.After)
		return
	}
	what := "alert"
	if e.Alert != "" {
		what = "alert " + e.Alert
	}
	limit := e.Alerted.Seconds()
	first, before := alertOf(r, e.Alert, *on)
	unknown := unanswered(r, *on, *on+limit)
	if first != nil {
		out.Measured = fmt.Sprintf("%s fired after %s", first.Name, Seconds(first.AtS-*on))
		switch in := first.AtS-*on <= limit; {
		case in || unknown == nil:
			out.Holds = ref(in)
		default:
			out.Why = fmt.Sprintf("it may have fired earlier: %s did not answer from %s to %s", r.AlertsAsked.At, Seconds(unknown.FromS), Seconds(unknown.ToS))
		}
		return
	}
	out.Measured = "no " + what
	switch watched := r.DurationS - *on; {
	case before != nil:
		out.Measured = fmt.Sprintf("%s fired already", before.Name)
		out.Why = "it is not known whether monitoring noticed: the alert was on before the fault was"
	case unknown != nil:
		out.Why = fmt.Sprintf("%s did not answer from %s to %s: whether it fired is unknown", r.AlertsAsked.At, Seconds(unknown.FromS), Seconds(unknown.ToS))
	case r.AlertsAt == "" && r.AlertsAsked == nil && len(r.Alerts) == 0:
		out.Why = "no alert could come: give --alerts an address that the alert manager sends to, or name the Prometheus that is asked (alerts), in real time"
	case watched < limit:
		out.Why = fmt.Sprintf("the run ended before it could be told: no %s within %s", what, Seconds(watched))
	default:
		out.Holds = ref(false)
	}
}

// alertOf is the first alert of a name, of any with "", that fired from a time on because of something that was so from then on. before is the last one of
// a name that fired before, or whose rule held before, and has not been resolved; what a person told of is no state.
func alertOf(r *record.Result, name string, from float64) (first, before *record.Alert) {
	fires := map[string]*record.Alert{} // those of before, by their labels
	for i := range r.Alerts {
		a := &r.Alerts[i]
		key := fmt.Sprint(a.Name, a.Labels)
		switch {
		case name != "" && a.Name != name:
		case !a.Firing:
			delete(fires, key)
		case a.AtS < from || a.ActiveS != nil && *a.ActiveS < from:
			if name != "" && a.By == "" {
				fires[key] = a
			}
		case first == nil:
			first = a
		}
	}
	for _, a := range fires {
		if before == nil || a.AtS > before.AtS {
			before = a
		}
	}
	return first, before
}

// unanswered is a time between two in which a Prometheus that is asked for alerts did not answer; nil: it always did, or none was asked.
func unanswered(r *record.Result, from, to float64) *record.Silence {
	if r.AlertsAsked == nil {
		return nil
	}
	for i, s := range r.AlertsAsked.Unknown {
		if s.ToS > from && s.FromS < to {
			return &r.AlertsAsked.Unknown[i]
		}
	}
	return nil
}

// firstOn is when the first fault of a phase, or of a name, was on; nil: none was.
func firstOn(r *record.Result, name string) (on *float64) {
	for _, f := range r.Faults {
		if (f.Phase == name || f.Name == name) && f.AppliedS != nil && (on == nil || *f.AppliedS < *on) {
			on = f.AppliedS
		}
	}
	return on
}
