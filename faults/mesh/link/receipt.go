package link

import (
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults"
)

// Meter counts what meets one Apply on one edge. Its toxics and outages there share it, so that a
// connection or a request that meets several of them counts once.
type Meter struct {
	connections, requests, bytes, lost atomic.Int64
	Refused, Hung, reset, closed       atomic.Int64
	// full and cut are the holds of pieces that went on in their time and before it, in ns and in number.
	full, fulls, cut, cuts atomic.Int64
}

func (m *Meter) delayed(by time.Duration) {
	m.full.Add(int64(by))
	m.fulls.Add(1)
}

func (m *Meter) cutShort(after time.Duration) {
	m.cut.Add(int64(after))
	m.cuts.Add(1)
}

// Receipt is what has met the faults so far.
func (m *Meter) Receipt() faults.Receipt {
	r := faults.Receipt{
		Connections: m.connections.Load(), Requests: m.requests.Load(), Bytes: m.bytes.Load(), Lost: m.lost.Load(),
		Refused: m.Refused.Load(), Hung: m.Hung.Load(), Reset: m.reset.Load(), Closed: m.closed.Load(),
	}
	full, fulls, cut, cuts := m.full.Load(), m.fulls.Load(), m.cut.Load(), m.cuts.Load()
	r.Delays, r.CutShort = fulls+cuts, cuts
	if r.Delays > 0 {
		r.DelayMs = float64(full+cut) / float64(r.Delays) / float64(time.Millisecond)
	}
	if fulls > 0 {
		r.FullDelayMs = float64(full) / float64(fulls) / float64(time.Millisecond)
	}
	return r
}

// met counts a piece of a connection: the connection once, and its request once.
func (l *Link) meet(m *Meter, request int64, bytes int) {
	l.meetMu.Lock()
	last, known := l.meets[m]
	if l.meets == nil {
		l.meets = make(map[*Meter]int64)
	}
	l.meets[m] = max(last, request)
	l.meetMu.Unlock()
	if !known {
		m.connections.Add(1)
	}
	if request > last {
		m.requests.Add(1)
	}
	m.bytes.Add(int64(bytes))
}
