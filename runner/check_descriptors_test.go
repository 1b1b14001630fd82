package runner

import "testing"

// What the harness itself may have run out of is never the system's failure.
func TestDescriptorsOfTheHarness(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		inFlight int64
		limit    uint64
		ok       bool
	}{{180, 200, false}, {180, 1024, true}, {480, 1024, true}, {481, 1024, false}, {0, 200, true}} {
		if got := descriptors(c.inFlight, c.limit); got.OK != c.ok {
			t.Errorf("%d in flight, %d allowed: %+v", c.inFlight, c.limit, got)
		}
	}
}
