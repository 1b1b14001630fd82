// Package monitoring keeps what a system that watches over others answers when it is asked, again and again, which alerts fire: what has changed, and
// for how long nobody knows.
package monitoring

import (
	"slices"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Told is what was answered to one question.
type Told struct {
	// At is where it was asked, Every how long it is until it is asked again.
	At    string
	Every time.Duration
	// Changes are the alerts that fire since the answer before, and those that do no more.
	Changes []Alert
	// Err is why there is no answer.
	Err error
}

// Alert is one that is told of; Active is since when its rule has held, zero where nobody says.
type Alert struct {
	record.Alert
	Active time.Time
}

// Account is of all questions of a run. Its zero value is of none yet.
type Account struct {
	asked    *record.AlertsAsked
	patience time.Duration
	last     time.Duration // of the answers, or when it was asked first
	failing  bool
}

// So many questions in a row may have no answer, and one of them takes so long, until what fires is unknown.
const (
	mostUnanswered = 3
	spare          = 2 * time.Second
)

// Hear takes an answer in, at a time from zero. It returns the alerts as a record has them, and what else is to be said.
func (a *Account) Hear(now time.Duration, zero time.Time, told Told) (alerts []record.Alert, note string) {
	if a.asked == nil {
		*a = Account{asked: &record.AlertsAsked{At: told.At, EveryS: record.Seconds(told.Every)}, last: now, patience: mostUnanswered*told.Every + spare}
	}
	if told.Err != nil {
		if a.asked.Failed++; !a.failing {
			note = "alerts could not be asked of " + told.At + ": " + told.Err.Error()
		}
		a.failing = true
		return nil, note
	}
	if a.failing {
		note = told.At + " answers again which alerts fire"
	}
	a.asked.Answered++
	a.asked.Unknown = a.unknown(now)
	a.failing, a.last = false, now
	for _, one := range told.Changes {
		one.AtS, one.Asked = record.Seconds(now), true
		if !one.Active.IsZero() {
			one.ActiveS = new(record.Seconds(one.Active.Sub(zero)))
		}
		alerts = append(alerts, one.Alert)
	}
	return alerts, note
}

// unknown are the times without an answer, where the next one comes now.
func (a *Account) unknown(now time.Duration) []record.Silence {
	if now-a.last <= a.patience {
		return a.asked.Unknown
	}
	return append(slices.Clip(a.asked.Unknown), record.Silence{FromS: record.Seconds(a.last), ToS: record.Seconds(now)})
}

// Until is how it was asked until a time of the run; nil: it was not.
func (a *Account) Until(now time.Duration) *record.AlertsAsked {
	if a.asked == nil {
		return nil
	}
	out := *a.asked
	out.Unknown = a.unknown(now)
	return &out
}
