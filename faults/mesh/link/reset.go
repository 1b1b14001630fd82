package link

import (
	"time"

	"github.com/squallhq/squall/faults"
)

// reset cuts the connection with a reset: a time after it was put on or the connection was made,
// on idle connections too; by request, a time after the first byte of a request that it hits.
type reset struct {
	met
	after   time.Duration
	passing fifo
	// since is what the time counts from; zero while nothing was hit.
	since time.Time
	done  bool
}

func newReset(m met, a faults.ResetPeerToxic, old stage, now time.Time) *reset {
	s := &reset{met: m, after: a.Timeout.Duration()}
	if before, ok := old.(*reset); ok {
		s.since, s.done = before.since, before.done
	} else if m.toxic.perConnection() {
		s.since = now
	}
	return s
}

func (s *reset) put(p piece) {
	if s.hits(p) && s.since.IsZero() {
		s.since = p.at
	}
	s.passing.push(p)
}

func (s *reset) take(now time.Time) (piece, bool) {
	if s.done {
		return piece{}, false
	}
	if due := s.due(); !due.IsZero() && !due.After(now) {
		s.done = true
		s.passing.takeAll() // a reset overtakes what was under way
		if s.toxic.Meter != nil {
			s.toxic.Meter.reset.Add(1)
			s.link.meet(s.toxic.Meter, s.link.underWay(), 0)
		}
		return piece{at: now, end: endReset}, true
	}
	if s.passing.empty() {
		return piece{}, false
	}
	return s.passing.pop(), true
}

func (s *reset) due() time.Time {
	if s.since.IsZero() || s.done {
		return time.Time{}
	}
	return s.since.Add(s.after)
}

func (s *reset) full() bool { return false }

func (s *reset) release(time.Time, reason) []piece { return s.passing.takeAll() }
