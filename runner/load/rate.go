package load

import (
	"math"
	"time"

	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/scenarios"
)

// rate is arrivals per second over time, in pieces that are level or linear. Time counts from
// the start of the first phase. Before the first stage (in the warm-up) it is the rate that the
// first stage starts with, or rises to it from the one that the load gives, after the last one the rate that the last one ended with.
type rate struct{ pieces []piece }

// piece is a stretch of the rate in s: from begins at start, and to is reached at end.
type piece struct {
	start, end float64
	from, to   float64
	// before is how many arrivals come before it, counted from the start of the drive.
	before float64
}

// newRate makes the rate of a load from the drive's start on.
func newRate(l *scenarios.Load, start time.Duration) rate {
	var pieces []piece
	at, last := 0.0, 0.0
	for i, s := range l.Shape() {
		from, to := s.From, s.To
		if i == 0 && start < 0 {
			begin := from
			if l.WarmUpFrom > 0 {
				begin = l.WarmUpFrom
			}
			pieces = append(pieces, piece{start: start.Seconds(), end: 0, from: begin, to: from})
		}
		end := at + s.For.Seconds()
		pieces = append(pieces, piece{start: at, end: end, from: from, to: to})
		at, last = end, to
	}
	pieces = append(pieces, piece{start: at, end: math.Inf(1), from: last, to: last})
	return rate{count(pieces, start.Seconds())}
}

// count drops what is before the start and sums up the arrivals before each piece.
func count(pieces []piece, start float64) []piece {
	var kept []piece
	sum := 0.0
	for _, p := range pieces {
		if p.end <= start || p.end <= p.start {
			continue
		}
		if p.start < start {
			p.from, p.start = p.rate(start), start
		}
		p.before = sum
		kept = append(kept, p)
		sum += (p.from + p.to) / 2 * (p.end - p.start)
	}
	return kept
}

// along is the rate of a load by the time of a run whose plan has gone another way than straight on: while that stands still, so does the
// rate. Somebody may have changed its pace besides.
func (r rate) along(way *course.Way, load string) rate {
	pieces, paces := r.pieces, way.Paces(load)
	if !way.Straight() {
		pieces = r.bent(way)
	}
	if paces != nil {
		pieces = paced(pieces, paces)
	}
	return rate{count(pieces, r.pieces[0].start)}
}

// paced are pieces with a load's paces on them.
func paced(pieces []piece, paces []course.Pace) []piece {
	var out []piece
	for i := -1; i < len(paces); i++ {
		from, until := math.Inf(-1), math.Inf(1)
		if i >= 0 {
			from = paces[i].From.Seconds()
		}
		if i+1 < len(paces) {
			until = paces[i+1].From.Seconds()
		}
		for _, p := range pieces {
			one := piece{start: max(p.start, from), end: min(p.end, until)}
			if one.start >= one.end {
				continue
			}
			one.from = p.rate(one.start)
			if one.to = one.from; !math.IsInf(p.end, 1) {
				one.to = p.rate(one.end)
			}
			switch {
			case i < 0:
			case paces[i].Times > 0:
				one.from, one.to = one.from*paces[i].Times, one.to*paces[i].Times
			default:
				one.from, one.to = paces[i].Rate, paces[i].Rate
			}
			out = append(out, one)
		}
	}
	return out
}

// bent are its pieces by the time of the run.
func (r rate) bent(way *course.Way) []piece {
	var pieces []piece
	stretches := way.Stretches()
	for i, s := range stretches {
		from, until, begin := s.Plan.Seconds(), math.Inf(1), s.Run.Seconds()
		if i == 0 {
			from, begin = r.pieces[0].start, begin+r.pieces[0].start-s.Plan.Seconds()
		}
		if i+1 < len(stretches) {
			until = from + stretches[i+1].Run.Seconds() - begin
		}
		if !s.Passes {
			level := r.at(s.Plan)
			pieces = append(pieces, piece{start: begin, end: begin + until - from, from: level, to: level})
			continue
		}
		for _, p := range r.pieces {
			first, last := max(p.start, from), min(p.end, until)
			if first < last {
				one := piece{start: begin + first - from, end: begin + last - from, from: p.rate(first), to: p.rate(first)}
				if !math.IsInf(p.end, 1) {
					one.to = p.rate(last)
				}
				pieces = append(pieces, one)
			}
		}
	}
	return pieces
}

func (p piece) rate(at float64) float64 {
	if math.IsInf(p.end, 1) {
		return p.from
	}
	return p.from + (p.to-p.from)*(at-p.start)/(p.end-p.start)
}

// at is the rate at a time.
func (r rate) at(t time.Duration) float64 {
	for _, p := range r.pieces {
		if t.Seconds() < p.end {
			return p.rate(max(t.Seconds(), p.start))
		}
	}
	return 0
}

// when is the time by which n arrivals are due, the inverse of the rate's integral: a level rate
// of 500/s is due its third arrival (n = 2) after exactly 4 ms. ok is false when they never are.
func (r rate) when(n float64) (at time.Duration, ok bool) {
	for i, p := range r.pieces {
		last := i == len(r.pieces)-1
		if !last && n >= r.pieces[i+1].before {
			continue
		}
		if last && p.from <= 0 {
			return 0, false
		}
		n -= p.before
		x := 0.0
		if n > 0 {
			// The root of from*x + slope/2*x^2 = n, in the form that is stable for a slope of nearly 0.
			slope := 0.0
			if !last {
				slope = (p.to - p.from) / (p.end - p.start)
			}
			x = 2 * n / (p.from + math.Sqrt(max(p.from*p.from+2*slope*n, 0)))
		}
		return time.Duration(math.Round((p.start + x) * float64(time.Second))), true
	}
	return 0, false
}
