package runner

import (
	"testing"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/wire"
)

// What was under way when an instance ended has ended with it, by its attempts as by their stays, whether or not the life that came after has
// been asked yet.
func TestWhatWasUnderWayEndsWithItsLife(t *testing.T) {
	before := NodeCounters{
		Calls:    map[string]wire.CallCounters{"db-1": {Attempts: 7, Failures: 1, GaveUp: 1, InFlight: 3}},
		Attempts: map[string]passage.Reading{"db-1": {In: 7, Out: 4, Inside: 3}},
	}
	for name, last := range map[string]NodeCounters{
		"not asked yet": {},
		"asked": {
			Calls:    map[string]wire.CallCounters{"db-1": {Attempts: 2, InFlight: 1}, "other-1": {Attempts: 1}},
			Attempts: map[string]passage.Reading{"db-1": {In: 2, Out: 1, Inside: 1}, "other-1": {In: 1, Out: 1}},
		},
	} {
		sum := before.Add(last)
		for callee, c := range sum.Calls {
			stays := sum.Attempts[callee]
			if c.InFlight != last.Calls[callee].InFlight || c.InFlight != stays.Inside || c.Answered()+c.Failures+c.GaveUp != stays.Out+stays.Lost {
				t.Errorf("%s: of the attempts at %s are %+v, with stays %+v", name, callee, c, stays)
			}
		}
		if len(sum.Calls) == 0 {
			t.Errorf("%s: no calls", name)
		}
	}
}
