package link

import (
	"time"

	"github.com/squallhq/squall/faults"
)

// timeout swallows what comes, holds back the end of the stream, and closes the connection a time
// after the first byte that it swallowed (never, for a time of 0). When it is taken off, a
// connection that has lost bytes is closed, since nothing good can come of it; others go on.
type timeout struct {
	met
	after   time.Duration // 0: never
	passing fifo          // what it does not hit
	held    fifo          // ends
	// first is when it swallowed its first byte.
	first time.Time
	lost  bool
	ended bool
}

func newTimeout(m met, a faults.TimeoutToxic, old stage) *timeout {
	s := &timeout{met: m, after: a.Timeout.Duration()}
	if before, ok := old.(*timeout); ok {
		s.first, s.lost, s.ended = before.first, before.lost, before.ended
	}
	return s
}

func (s *timeout) put(p piece) {
	hit := s.hits(p)
	switch {
	case s.ended:
	case !hit:
		s.passing.push(p)
	case p.end != endNone:
		s.held.push(p)
	default:
		if !s.lost {
			s.first, s.lost = p.at, true
		}
		if s.toxic.Meter != nil {
			s.toxic.Meter.lost.Add(int64(len(p.data)))
		}
	}
}

func (s *timeout) take(now time.Time) (piece, bool) {
	if !s.passing.empty() {
		return s.passing.pop(), true
	}
	if due := s.due(); due.IsZero() || due.After(now) {
		return piece{}, false
	}
	s.ended = true
	s.held.takeAll()
	s.closes()
	return piece{at: now, end: endClose}, true
}

// closes notes that it ends the connection, and with it the request under way.
func (s *timeout) closes() {
	if s.toxic.Meter != nil {
		s.toxic.Meter.closed.Add(1)
		s.link.meet(s.toxic.Meter, s.link.underWay(), 0)
	}
}

func (s *timeout) due() time.Time {
	if !s.lost || s.ended || s.after == 0 {
		return time.Time{}
	}
	return s.first.Add(s.after)
}

func (s *timeout) full() bool { return false }

func (s *timeout) release(_ time.Time, why reason) []piece {
	out := append(s.passing.takeAll(), s.held.takeAll()...)
	if s.lost && !s.ended {
		out = []piece{{end: endClose}}
		if why == toxicGone {
			s.closes()
		}
	}
	return out
}
