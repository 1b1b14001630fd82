package link

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/internal/passage"

	"github.com/squallhq/squall/faults/mesh/port"
)

// Host is the edge that carries a link.
type Host struct {
	counters
	// Clock is nil where the runtime's timers have to do, as in virtual time.
	Clock *port.Clock
	// Dial connects to the callee, wherever that is now, for the edge's connection of a number.
	Dial func(ctx context.Context, number int64) (net.Conn, error)
	// Turn is for ways of connections that a change of the faults lets go on together: the nth, from 1, waits in it until it may. nil: at once.
	Turn func(nth int)
	// After rings for one way of a connection, by its number among the edge's, after a wait, unless stop is called. nil: as timers do.
	After func(way int64, wait time.Duration) (rings <-chan time.Time, stop func())
}

// counters are an edge's, updated while things happen.
type counters struct {
	Connections, Open, Failed, Requests atomic.Int64
	BytesUp, BytesDown                  atomic.Int64
	FirstBytes, FirstByteTotal          atomic.Int64
	// Answers are the times to first byte, spread out.
	Answers passage.Spreading
	// Unanswered are the requests whose connection ended, or whose caller spoke again, before anything of an answer was handed over.
	Unanswered atomic.Int64
	// Lacked are the connections for which the mesh had no file descriptor, port or memory left.
	Lacked atomic.Int64
	// Awaiting counts the requests as they come, and as the first byte of their answer is handed over or they are unanswered.
	Awaiting passage.Count
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
	now := time.Now()
	l.Host.Requests.Add(1)
	l.Host.Awaiting.Enter(t.epoch.Add(t.offset(now)))
	if before := t.asked.Swap(int64(t.offset(now))); before != 0 {
		l.unanswered(before, now)
	}
	if l.closed() { // whoever closed it may not have seen this one
		l.forsake()
	}
	return t.requests.Add(1)
}

// offset is a time as asked has it: never 0.
func (t *turns) offset(at time.Time) time.Duration { return max(1, at.Sub(t.epoch)) }

// forsake notes that a request that is under way will have no answer.
func (l *Link) forsake() {
	if asked := l.turns.asked.Swap(0); asked != 0 {
		l.unanswered(asked, time.Now())
	}
}

func (l *Link) unanswered(asked int64, now time.Time) {
	l.Host.Unanswered.Add(1)
	l.Host.Awaiting.Leave(l.turns.epoch.Add(time.Duration(asked)), now)
}

// Waiting tells that a request has no answer yet.
func (l *Link) Waiting() bool { return l.turns.asked.Load() != 0 }

// underWay is the number of the request that has no answer yet, 0: there is none. What ends the connection meets it.
func (l *Link) underWay() int64 {
	if !l.Waiting() {
		return 0
	}
	return l.turns.requests.Load()
}

// delivering is told before bytes are written to a side: the first ones to the caller end the time to
// first byte of its request. Afterwards would be too late, since the caller may have sent its next request by then.
func (l *Link) delivering(up bool) {
	if up || l.turns.asked.Load() == 0 {
		return
	}
	if asked := l.turns.asked.Swap(0); asked != 0 {
		now := time.Now()
		took := now.Sub(l.turns.epoch) - time.Duration(asked)
		l.Host.FirstByteTotal.Add(int64(took))
		l.Host.FirstBytes.Add(1)
		l.Host.Answers.Add(took)
		l.Host.Awaiting.Leave(l.turns.epoch.Add(time.Duration(asked)), now)
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
