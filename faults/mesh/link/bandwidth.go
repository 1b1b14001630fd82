package link

import (
	"time"

	"github.com/squallhq/squall/faults"
)

// sliceTime bounds how long bytes wait for others to go with them.
const sliceTime = 20 * time.Millisecond

// lateTime is how late a goroutine may come to a busy processor without costing a fast line any of its rate.
const lateTime = 50 * time.Millisecond

// bandwidth lets bytes go at a rate, each slice when its last byte would have been sent. It stands for
// toxiproxy's own toxic, which knows only whole KB/s and writes to a global log when it is changed. A
// rate of 0 lets nothing pass, as toxiproxy's does.
type bandwidth struct {
	met
	rate  float64 // bytes a second
	queue fifo
	// free is when the line has sent all that it was given so far.
	free time.Time
}

// newBandwidth starts with a free line. What waited for an older one does not count as sent meanwhile.
func newBandwidth(m met, a faults.BandwidthToxic, old stage, now time.Time) *bandwidth {
	s := &bandwidth{met: m, rate: a.Rate * 1000}
	if old != nil {
		s.free = now
	}
	return s
}

func (s *bandwidth) put(p piece) {
	s.hits(p)
	s.queue.push(p)
}

// slice is how many bytes of the first piece go next, and when they have been sent.
func (s *bandwidth) slice() (int, time.Time) {
	p := s.queue.pieces[0]
	start := p.at
	if start.Before(s.free) {
		start = s.free
	}
	if s.spared(p) {
		return len(p.data), start
	}
	n := min(len(p.data), max(1, int(s.rate*sliceTime.Seconds())))
	return n, start.Add(time.Duration(float64(n) / s.rate * float64(time.Second)))
}

// spared tells whether the piece passes at full speed, without counting it.
func (s *bandwidth) spared(p piece) bool {
	return !s.toxic.perConnection() && !s.spin(p.request)
}

func (s *bandwidth) take(now time.Time) (piece, bool) {
	if s.queue.empty() || s.stopped() {
		return piece{}, false
	}
	n, due := s.slice()
	if due.After(now) {
		return piece{}, false
	}
	p := s.queue.cut(n)
	s.free = due
	if !s.spared(p) {
		s.delayed(now.Sub(p.at))
	}
	p.at = due
	return p, true
}

func (s *bandwidth) stopped() bool { return s.rate == 0 && !s.spared(s.queue.pieces[0]) }

func (s *bandwidth) due() time.Time {
	if s.queue.empty() || s.stopped() {
		return time.Time{}
	}
	_, due := s.slice()
	return due
}

// full keeps enough for lateTime at hand, so that the line does not run dry while a goroutine waits for a processor.
func (s *bandwidth) full() bool {
	enough := min(pathBytes, max(bottleneckBytes, int(s.rate*lateTime.Seconds())))
	return s.queue.bytes >= enough
}

func (s *bandwidth) release(now time.Time, why reason) []piece {
	if why == toxicGone {
		for _, p := range s.queue.pieces {
			if !s.spared(p) {
				s.cutShort(now.Sub(p.at))
			}
		}
	}
	return s.queue.takeAll()
}
