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
	delay, delays                      atomic.Int64
}

func (m *Meter) delayed(by time.Duration) {
	m.delay.Add(int64(by))
	m.delays.Add(1)
}

func (m *Meter) Receipt() faults.Receipt {
	r := faults.Receipt{
		Connections: m.connections.Load(), Requests: m.requests.Load(), Bytes: m.bytes.Load(), Lost: m.lost.Load(),
		Refused: m.Refused.Load(), Hung: m.Hung.Load(), Reset: m.reset.Load(), Closed: m.closed.Load(),
	}
	if n := m.delays.Load(); n > 0 {
		r.DelayMs = float64(m.delay.Load()) / float64(n) / float64(time.Millisecond)
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
