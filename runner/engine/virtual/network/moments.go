package network

import (
	"cmp"
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/squallhq/squall/internal/chance"
)

// moments makes events happen one at a time, no two at one instant. At one instant of a bubble of virtual time all happens in
// an order that nobody decides: timers fire in a random one, goroutines are preempted by the machine's time. When an
// event happens, and which of two is first, follows from keys, and not from the order in which they were asked for.
type moments struct {
	seed uint64

	mu    sync.Mutex
	queue events
	armed []int64 // when timers fire that were set, the next one last
	last  int64   // when the last one happened
	// kept are the moments of what happens by itself, at which no event does.
	kept map[int64]bool
}

// event is what happens at a moment.
type event struct {
	due    int64
	key    uint64
	place  uint64 // tells those apart whose keys do not
	happen func()
	index  int // in the queue; -1: in none
}

// A crossing takes 17 to 32 ns, a near one 1 to 4: so that whoever orders something, and connects for that first, is there
// before those who go by way of an edge. In what order crossings of one instant land is drawn; that they do so one after the
// other needs no longer times, and so short ones show in no figure.
const (
	crossLeast, crossSpan = 17, 16
	nearLeast, nearSpan   = 1, 4
)

// endLater is by how much longer the end of a connection takes: a request takes four crossings at most from one node to the next.
const endLater = 4 * (crossLeast + crossSpan)

// draw has an event happen after as long as a crossing of a key takes, or later by a time.
func (m *moments) draw(e *event, key uint64, near bool, later time.Duration) {
	e.key = chance.Scramble(key ^ m.seed)
	if near {
		m.put(e, time.Duration(nearLeast+e.key%nearSpan))
		return
	}
	m.put(e, later+time.Duration(crossLeast+e.key%crossSpan))
}

// put has an event happen after a wait, or, where others are due then, a ns later for each whose key is less.
func (m *moments) put(e *event, wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.due = time.Now().UnixNano() + int64(wait)
	heap.Push(&m.queue, e)
	m.arm()
}

// next is when the first event may happen. m.mu is held, and there is one.
func (m *moments) next() int64 {
	at := max(m.queue[0].due, m.last+1)
	for m.kept[at] {
		at++
	}
	return at
}

// keep has nothing happen at a moment but what its caller has happen then: after a wait, or at the next one that is not kept.
func (m *moments) keep(wait time.Duration) (at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at = max(time.Now().UnixNano()+int64(wait), m.last+1)
	for m.kept[at] {
		at++
	}
	if m.kept == nil {
		m.kept = make(map[int64]bool)
	}
	m.kept[at] = true
	return at
}

// free gives a moment back. One that has come stays its keeper's.
func (m *moments) free(at int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.kept[at] {
		return
	}
	delete(m.kept, at)
	if at <= time.Now().UnixNano() {
		m.last = max(m.last, at)
	}
}

// arm sees to it that a timer fires for the first event. One that is set for later stays set, and finds nothing due then: to
// move a timer that is pending makes the runtime look at all there are. m.mu is held.
func (m *moments) arm() {
	if len(m.queue) == 0 {
		return
	}
	at := m.next()
	if len(m.armed) > 0 && m.armed[len(m.armed)-1] <= at {
		return
	}
	m.armed = append(m.armed, at)
	time.AfterFunc(time.Duration(at-time.Now().UnixNano()), m.fire)
}

func (m *moments) fire() {
	m.mu.Lock()
	now := time.Now().UnixNano()
	for len(m.armed) > 0 && m.armed[len(m.armed)-1] <= now {
		m.armed = m.armed[:len(m.armed)-1]
	}
	var e *event
	if len(m.queue) > 0 && m.next() <= now {
		e, _ = heap.Pop(&m.queue).(*event)
		m.last = now
	}
	m.arm()
	m.mu.Unlock()
	if e != nil {
		e.happen()
	}
}

// wait is until the event that a key or a wait gives has happened, or ctx has ended: then it returns its error.
func (m *moments) wait(ctx context.Context, begin func(*event)) error {
	happened := make(chan struct{})
	e := &event{happen: func() { close(happened) }}
	begin(e)
	select {
	case <-happened:
		return nil
	case <-ctx.Done():
		m.forget(e)
		return ctx.Err()
	}
}

// forget takes an event back, if it has not happened.
func (m *moments) forget(e *event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.index < 0 {
		return
	}
	heap.Remove(&m.queue, e.index)
}

// events is a heap: the first due is first, of those the one with the least key, and of those the one of the least place.
type events []*event

var _ heap.Interface = (*events)(nil)

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].due, q[j].due), cmp.Compare(q[i].key, q[j].key), cmp.Compare(q[i].place, q[j].place)) < 0
}
func (q events) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *events) Push(x any) {
	one, _ := x.(*event)
	one.index = len(*q)
	*q = append(*q, one)
}
func (q *events) Pop() any {
	last := len(*q) - 1
	one := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	one.index = -1
	return one
}
