package monitoring

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
)

// An account has the alerts at the times of their answers; a question or two without one is no matter, a longer silence is told, and is unknown.
func TestAccount(t *testing.T) {
	t.Parallel()
	zero := time.Now()
	var a Account
	if a.Until(time.Minute) != nil {
		t.Error("nobody was asked")
	}
	var notes []string
	hear := func(at time.Duration, err error, changes ...Alert) []record.Alert {
		alerts, note := a.Hear(at, zero, Told{At: "http://p", Every: time.Second, Changes: changes, Err: err})
		if note != "" {
			notes = append(notes, note)
		}
		return alerts
	}
	slow := Alert{Alert: record.Alert{Name: "Slow", Firing: true, Labels: map[string]string{"a": "b"}}, Active: zero.Add(2500 * time.Millisecond)}
	hear(-2*time.Second, nil)
	got := hear(4*time.Second, nil, slow, Alert{Alert: record.Alert{Name: "Old"}})
	active := 2.5
	want := []record.Alert{{AtS: 4, Name: "Slow", Firing: true, Asked: true, ActiveS: &active, Labels: map[string]string{"a": "b"}}, {AtS: 4, Name: "Old", Asked: true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
	refused := errors.New("connection refused")
	hear(5*time.Second, refused)
	hear(6*time.Second, refused)
	hear(7*time.Second, nil)
	hear(20*time.Second, nil)
	hear(21*time.Second, refused)
	unknown := []record.Silence{{FromS: -2, ToS: 4}, {FromS: 7, ToS: 20}}
	if diff := cmp.Diff(&record.AlertsAsked{At: "http://p", EveryS: 1, Answered: 4, Failed: 3, Unknown: unknown}, a.Until(22*time.Second)); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(append(unknown, record.Silence{FromS: 20, ToS: 60}), a.Until(time.Minute).Unknown); diff != "" {
		t.Errorf("until the end (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(unknown, a.Until(22*time.Second).Unknown); diff != "" {
		t.Errorf("looked at again (-want +got):\n%s", diff)
	}
	said := []string{"alerts could not be asked of http://p: connection refused", "http://p answers again which alerts fire", "alerts could not be asked of http://p: connection refused"}
	if diff := cmp.Diff(said, notes); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
}
