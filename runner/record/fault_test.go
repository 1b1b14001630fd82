package record_test

import (
	"testing"

	"github.com/squallhq/squall/runner/record"
)

// A fault that was to end with its phase and was taken off some ms late was on in that phase, not in the next.
func TestFaultIsOfThePhaseThatItWasToEndWith(t *testing.T) {
	t.Parallel()
	phase := record.Phase{Name: "after", StartS: 20, EndS: 30}
	at := func(s float64) *float64 { return &s }
	for _, c := range []struct {
		name            string
		applied, undone *float64
		scheduled       float64
		on              bool
	}{
		{"never on", nil, nil, 20, false},
		{"gone in time", at(10), at(20), 20, false},
		{"gone a moment late", at(10), at(20.004), 20, false},
		{"gone late", at(10), at(20.3), 20, true},
		{"planned for longer, and gone a moment after", at(10), at(20.05), 20.05, true},
		{"planned for longer", at(10), at(25), 25, true},
		{"stayed", at(10), nil, 20, true},
		{"came later", at(30), at(35), 35, false},
	} {
		f := record.Fault{AppliedS: c.applied, UndoneS: c.undone, ScheduledUndoS: c.scheduled}
		if got := f.OnIn(phase); got != c.on {
			t.Errorf("%s: on is %v, want %v", c.name, got, c.on)
		}
	}
}
