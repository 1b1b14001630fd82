package link

import (
	"math/rand/v2"
	"time"

	"github.com/squallhq/squall/faults"
)

// slicer cuts what passes into pieces, with a pause after each. Cuts are drawn from the seed, unlike those of
// toxiproxy's own toxic.
//
// Pieces of a mean size are cut one after the other, each drawn from size - variation to size + variation; one is shorter
// where nothing more has come. toxiproxy's way halves what one read brought until no part is larger than size +
// variation: parts are between a half and the whole of that.
type slicer struct {
	met
	size, variation int
	pause           time.Duration
	halves          bool
	rand            *rand.Rand
	queue           fifo
	cuts            []int     // the sizes of the halves that are left of the first piece
	free            time.Time // when the pause after the last piece is over
}

// newSlicer starts without a pause. What waited for an older one does not count as cut meanwhile.
func newSlicer(m met, a faults.SlicerToxic, old stage, now time.Time) *slicer {
	s := &slicer{
		met: m, size: int(a.AverageSize), variation: int(a.SizeVariation), pause: a.Delay.Duration(),
		halves: a.Slicing != faults.SlicingMean, rand: rand.New(rand.NewPCG(m.key, m.key)),
	}
	if old != nil {
		s.free = now
	}
	return s
}

func (s *slicer) put(p piece) {
	s.hits(p)
	s.queue.push(p)
}

// due is when the next piece goes: when it has come, and the pause after the one before is over.
func (s *slicer) due() time.Time {
	if s.queue.empty() {
		return time.Time{}
	}
	at := s.queue.pieces[0].at
	if at.Before(s.free) {
		return s.free
	}
	return at
}

func (s *slicer) take(now time.Time) (piece, bool) {
	due := s.due()
	if due.IsZero() || due.After(now) {
		return piece{}, false
	}
	if !s.cuttable(s.queue.pieces[0]) {
		p := s.queue.pop()
		p.at = due
		return p, true
	}
	p := s.cut()
	s.delayed(now.Sub(p.at))
	p.at = due
	s.free = due.Add(s.pause)
	return p, true
}

// cuttable tells whether the toxic is for this piece, without counting it.
func (s *slicer) cuttable(p piece) bool {
	return p.end == endNone && (s.toxic.perConnection() || s.spin(p.request))
}

// cut takes the next piece off the queue.
func (s *slicer) cut() piece {
	if s.halves {
		if len(s.cuts) == 0 {
			s.halve(len(s.queue.pieces[0].data))
		}
		n := s.cuts[0]
		s.cuts = s.cuts[1:]
		return s.queue.cut(n)
	}
	n := s.size
	if s.variation > 0 {
		n += s.rand.IntN(2*s.variation+1) - s.variation
	}
	p := s.queue.cut(n)
	// What has come since goes with it, if it is of the same request.
	for len(p.data) < n && !s.queue.empty() {
		next := s.queue.pieces[0]
		if next.end != endNone || next.request != p.request {
			break
		}
		p.data = append(p.data[:len(p.data):len(p.data)], s.queue.cut(n-len(p.data)).data...)
	}
	return p
}

// halve cuts as toxiproxy's slicer does: in about two, until no part is too large.
func (s *slicer) halve(n int) {
	if n-s.size <= s.variation {
		s.cuts = append(s.cuts, n)
		return
	}
	mid := n / 2
	if s.variation > 0 {
		mid += s.rand.IntN(2*s.variation) - s.variation
	}
	s.halve(mid)
	s.halve(n - mid)
}

func (s *slicer) full() bool { return s.queue.bytes >= bottleneckBytes }

func (s *slicer) release(now time.Time, why reason) []piece {
	if why == toxicGone {
		for _, p := range s.queue.pieces {
			if s.cuttable(p) {
				s.cutShort(now.Sub(p.at))
			}
		}
	}
	return s.queue.takeAll()
}
