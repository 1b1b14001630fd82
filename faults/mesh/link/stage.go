package link

import (
	"time"

	"github.com/squallhq/squall/internal/chance"
)

// stage is one toxic on one direction of one connection: a queue that decides when each piece goes
// on. A stage has no goroutine to wait for: it is asked under its direction's lock and answers at
// once. That is why changing faults never waits for a client or an upstream.
type stage interface {
	// put takes the next piece.
	put(piece)
	// take gives the next piece that may go on by now, with its at set to when it might have gone.
	take(now time.Time) (piece, bool)
	// due is when take has something next; zero: only another piece or a wake-up can tell.
	due() time.Time
	// full tells that no more should be read for now.
	full() bool
	// release ends the stage and returns what it still held, in order.
	release(now time.Time, why reason) []piece
}

// reason is why a stage gives up what it holds.
type reason uint8

const (
	toxicGone      reason = iota // what is held goes on, before its time
	toxicChanged                 // the next stage takes it, and counts from when it came
	connectionOver               // nobody gets it
)

// The most bytes that wait in one direction of one connection before its sender feels
// back-pressure. A latency needs room for all that is under way, as much as the largest window of a
// TCP connection on a long path; the others are bottlenecks, which have small buffers.
const (
	pathBytes       = 4 << 20
	bottleneckBytes = 64 << 10
)

// met decides which pieces a stage hits, and keeps the receipt.
type met struct {
	toxic *Toxic
	link  *Link
	key   uint64

	request int64
	hit     bool
}

// hits tells whether the toxic is for this piece, and if so counts it.
func (m *met) hits(p piece) bool {
	if m.toxic.perConnection() {
		m.hit = true
	} else if p.request != m.request {
		m.request = p.request
		m.hit = m.spin(p.request)
	}
	if m.hit && m.toxic.Meter != nil {
		m.link.meet(m.toxic.Meter, p.request, len(p.data))
	}
	return m.hit
}

// spin is the same for the same seed, edge, toxic, connection and request, whatever else happens.
func (m *met) spin(request int64) bool {
	return chance.Uniform(m.key^chance.Scramble(uint64(request)+1)) < m.toxic.Spec.Toxicity
}

// delayed notes that a piece goes on that was held for its whole time.
func (m *met) delayed(by time.Duration) {
	if m.toxic.Meter != nil {
		m.toxic.Meter.delayed(by)
	}
}

// cutShort notes that a piece goes on before its time.
func (m *met) cutShort(after time.Duration) {
	if m.toxic.Meter != nil {
		m.toxic.Meter.cutShort(after)
	}
}
