package link

import (
	"net"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh/port"
)

// direction is one way of one connection: what is read from src goes through the stages of the
// toxics that are on, in the order in which they were put on, then past the gates of outages, to dst.
//
//	src > read > stage > stage > out > gate > write > dst
//
// While there is neither stage nor gate, the reader writes to dst itself. Otherwise it only puts
// pieces into the first stage, and a second goroutine moves them on and writes. All state is under
// mu, which nobody holds while reading, writing or waiting, so faults change at any moment. What is
// being written at that moment (one piece, or what the kernel is splicing) is past them.
type direction struct {
	link *Link
	up   bool
	src  net.Conn
	dst  net.Conn

	mu     sync.Mutex
	stages []placed
	gates  []gate
	out    fifo
	// writing: someone is writing to dst without holding mu.
	writing bool
	// drains: the second goroutine runs.
	drains bool
	// dead: dst takes no more, everything is thrown away.
	dead bool
	// lost is how many bytes outages have lost, thrown how many came when dst was dead.
	lost, thrown int
	// broken: a reset is on its way through.
	broken bool
	// over: the end of the stream has been delivered.
	over bool
	// started: src and dst are there.
	started bool

	alarm time.Time  // the second goroutine's own: the last one it set
	pipe  *port.Pipe // the reader's own, once there has been bulk

	// turn is which of those that go on together the second goroutine is; 0: it has gone on.
	turn int

	wake chan struct{} // for the second goroutine
	room chan struct{} // for the reader
}

// placed is a toxic's stage on this direction.
type placed struct {
	toxic *Toxic
	stage stage
}

func newDirection(l *Link, up bool) *direction {
	return &direction{link: l, up: up, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// signal makes the second goroutine look again. It takes no lock and never waits.
func (d *direction) signal() { notify(d.wake) }

// letGo makes the second goroutine look again, the nth of those that the same change lets go on. It tells the reader if there is room.
func (d *direction) letGo(nth int) {
	if d.drains && d.link.Host.Turn != nil {
		d.turn = nth
	}
	d.signal()
	if !d.drains {
		notify(d.room)
	}
}

// clear tells that a piece can be written straight away.
func (d *direction) clear() bool {
	return len(d.stages) == 0 && len(d.gates) == 0 && d.out.empty() && !d.writing
}

// push takes a piece from the reader, or a reset because dst has broken off.
func (d *direction) push(p piece) {
	if d.dead || d.broken {
		return
	}
	d.broken = p.end == endReset
	d.pass(0, p)
	d.needDrain()
	d.signal()
}
