package record_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
)

func TestReconcileEvents(t *testing.T) {
	queueOf := func(id string) string {
		_, queue, _ := strings.Cut(id, "@")
		return queue
	}
	got := record.Writes{Checked: true}
	got.ReconcileEvents(
		map[string]int{"published@q": 1, "thrice@q": 2, "waits@q": 1, "waits and is there@q": 1, "lost@q": 1, "elsewhere@q": 1, "none": 1},
		map[string]int{"waits@q": 1, "waits and is there@q": 1},
		map[string]map[string]int{"q": {"published@q": 1, "thrice@q": 3, "waits and is there@q": 1, "no row@q": 1}, "other": {"elsewhere@q": 1}},
		queueOf)
	if len(got.Sample) != 2 {
		t.Errorf("sample %v, want the two that are lost", got.Sample)
	}
	got.Sample = nil
	if diff := cmp.Diff(record.Writes{Checked: true, Events: 6, EventsLost: 2, EventsDuplicated: 2, EventsPending: 1}, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
