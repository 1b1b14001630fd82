package faults

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestCombine(t *testing.T) {
	slow := &Behaviour{Slow: 100 * time.Millisecond, Factor: 2}
	slower := &Behaviour{Slow: 50 * time.Millisecond, Factor: 3}
	third := &Behaviour{Errors: .3, Status: 500}
	half := &Behaviour{Errors: .5, Status: 503}
	for name, c := range map[string]struct {
		on   []*Behaviour
		want Behaviour
	}{
		"none":                     {nil, Behaviour{}},
		"one is itself, exactly":   {[]*Behaviour{third}, *third},
		"delays add, factors too":  {[]*Behaviour{slow, slower}, Behaviour{Slow: 150 * time.Millisecond, Factor: 6}},
		"errors are independent":   {[]*Behaviour{third, half}, Behaviour{Errors: .65, Status: 503}},
		"different ones stand":     {[]*Behaviour{slow, third}, Behaviour{Errors: .3, Status: 500, Slow: 100 * time.Millisecond, Factor: 2}},
		"the order does not count": {[]*Behaviour{third, slow}, Behaviour{Errors: .3, Status: 500, Slow: 100 * time.Millisecond, Factor: 2}},
	} {
		got := Combine(c.on...)
		got.Errors = math.Round(got.Errors*1e9) / 1e9
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
