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
	latency, jitter time.Duration
	shape           string
	rand            *rand.Rand
	queue           fifo
	dues            []time.Time
	// delay is the present draw, made for request drawn.
	delay time.Duration
	drawn int64
	last  time.Time
}

func newLatency(m met, a faults.LatencyToxic) *latency {
	return &latency{met: m, latency: a.Latency.Duration(), jitter: a.Jitter.Duration(), shape: a.Shape, rand: rand.New(rand.NewPCG(m.key, m.key)), drawn: -1}
}

func (s *latency) put(p piece) {
	due := p.at
	if s.hits(p) {
		if s.queue.empty() || p.request != s.drawn {
			s.delay = drawDelay(s.rand, s.latency, s.jitter, s.shape)
			s.drawn = p.request
		}
		due = p.at.Add(s.delay)
		s.delayed(s.delay)
	}
	if due.Before(s.last) {
		due = s.last // order is kept
	}
	s.last = due
	s.queue.push(p)
	s.dues = append(s.dues, due)
}

func (s *latency) take(now time.Time) (piece, bool) {
	if s.queue.empty() || s.dues[0].After(now) {
		return piece{}, false
	}
	p := s.queue.pop()
	p.at = s.dues[0]
	s.dues = s.dues[1:]
	return p, true
}

func (s *latency) due() time.Time {
	if s.queue.empty() {
		return time.Time{}
	}
	return s.dues[0]
}

func (s *latency) full() bool { return s.queue.bytes >= pathBytes }

func (s *latency) release() []piece { return s.queue.takeAll() }
