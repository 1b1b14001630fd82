package link

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults/mesh/port"
)

// Host is the edge that carries a link.
type Host struct {
	counters
	// Clock is nil where the runtime's timers have to do, as in virtual time.
	Clock *port.Clock
	// Dial connects to the callee, wherever that is now.
	Dial func(context.Context) (net.Conn, error)
}

// counters are an edge's, updated while things happen.
type counters struct {
	Connections, Open, Failed, Requests atomic.Int64
	BytesUp, BytesDown                  atomic.Int64
	FirstBytes, FirstByteTotal          atomic.Int64
}

// turns follows who speaks on a connection. A request begins when the caller speaks first or speaks
// again after the callee has: exact for protocols in which each request waits for its answer
// (HTTP/1.1, PostgreSQL), a lower bound for those that do not (HTTP/2, pipelining).
type turns struct {
	calleeSpoke atomic.Bool
	requests    atomic.Int64
	asked       atomic.Int64 // when the open request began, in ns since epoch; 0: it has been answered
	epoch       time.Time
}

// spoke notes that a side was read from, and returns the number of the request that this belongs to.
func (l *Link) spoke(up bool) int64 {
	t := &l.turns
	if !up {
		if !t.calleeSpoke.Load() {
			t.calleeSpoke.Store(true)
		}
		return t.requests.Load()
	}
	n := t.requests.Load()
	if n > 0 && !t.calleeSpoke.Load() {
		return n
	}
	t.calleeSpoke.Store(false)
	t.asked.Store(max(1, int64(time.Since(t.epoch))))
	l.Host.Requests.Add(1)
	return t.requests.Add(1)
}

// delivering is told before bytes are written to a side: the first ones to the caller end the time to
// first byte of its request. Afterwards would be too late, since the caller may have sent its next request by then.
func (l *Link) delivering(up bool) {
	if up || l.turns.asked.Load() == 0 {
		return
	}
	if asked := l.turns.asked.Swap(0); asked != 0 {
		l.Host.FirstByteTotal.Add(int64(time.Since(l.turns.epoch)) - asked)
		l.Host.FirstBytes.Add(1)
	}
}

// delivered counts bytes that were written to a side.
func (l *Link) delivered(up bool, n int) {
	if up {
		l.Host.BytesUp.Add(int64(n))
	} else {
		l.Host.BytesDown.Add(int64(n))
	}
}
