package call

import "math"

// recent remembers how the last attempts ended: a ring, in which true is a failure. It needs its owner's lock.
type recent struct {
	last     []bool
	next     int
	filled   int
	failures int
}

func newRecent(of int) recent { return recent{last: make([]bool, of)} }

// count takes one more attempt, and says how many of those that are remembered failed.
func (r *recent) count(failed bool) int {
	if r.filled == len(r.last) {
		if r.last[r.next] {
			r.failures--
		}
	} else {
		r.filled++
	}
	r.last[r.next] = failed
	r.next = (r.next + 1) % len(r.last)
	if failed {
		r.failures++
	}
	return r.failures
}

func (r *recent) clear() { r.next, r.filled, r.failures = 0, 0, 0 }

// thresholdOf is a share of so many attempts in whole ones: rounded up, and at least 1.
func thresholdOf(share float64, of int) int {
	return min(max(int(math.Ceil(share*float64(of)-1e-9)), 1), of)
}
