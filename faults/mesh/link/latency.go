package link

import (
	"math/rand/v2"
	"time"

	"github.com/squallhq/squall/faults"
)

// latency lets every piece go a delay after it came, in order, the end of the stream too.
//
// The delay is drawn for each request (and, on a stream without turns, whenever nothing is under
// way any more), not for each piece: an answer of many pieces is as late as its draw, where a draw
// for each would make it as late as the largest of them.
type latency struct {
	met
	spec  faults.LatencyToxic
	rand  *rand.Rand
	queue fifo
	holds []hold // one for each piece in the queue
	// delay is the present draw, made for request drawn.
	delay time.Duration
	drawn int64
	last  time.Time
}

func newLatency(m met, a faults.LatencyToxic) *latency {
	return &latency{met: m, spec: a, rand: rand.New(rand.NewPCG(m.key, m.key)), drawn: -1}
}

func (s *latency) put(p piece) {
	due := p.at
	hit := s.hits(p)
	if hit {
		if s.queue.empty() || p.request != s.drawn {
			s.delay = drawDelay(s.rand, s.spec)
			s.drawn = p.request
		}
		due = p.at.Add(s.delay)
	}
	if due.Before(s.last) {
		due = s.last // order is kept
	}
	s.last = due
	s.queue.push(p)
	s.holds = append(s.holds, hold{due, hit})
}

// hold is until when a piece is held, and whether that is this toxic's doing: a piece that it spares waits only for those before it.
type hold struct {
	due time.Time
	hit bool
}

func (s *latency) take(now time.Time) (piece, bool) {
	if s.queue.empty() || s.holds[0].due.After(now) {
		return piece{}, false
	}
	p := s.queue.pop()
	if s.holds[0].hit {
		s.delayed(now.Sub(p.at))
	}
	p.at = s.holds[0].due
	s.holds = s.holds[1:]
	return p, true
}

func (s *latency) due() time.Time {
	if s.queue.empty() {
		return time.Time{}
	}
	return s.holds[0].due
}

func (s *latency) full() bool { return s.queue.bytes >= pathBytes }

func (s *latency) release(now time.Time, why reason) []piece {
	if why == toxicGone {
		for i, p := range s.queue.pieces {
			if s.holds[i].hit {
				s.cutShort(now.Sub(p.at))
			}
		}
	}
	s.holds = nil
	return s.queue.takeAll()
}
