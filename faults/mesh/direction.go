package mesh

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
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
	link *link
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

	alarm time.Time // the second goroutine's own: the last one it set
	pipe  *pipe     // the reader's own, once there has been bulk

	wake chan struct{} // for the second goroutine
	room chan struct{} // for the reader
}

// placed is a toxic's stage on this direction.
type placed struct {
	toxic *toxic
	stage stage
}

func newDirection(l *link, up bool) *direction {
	return &direction{link: l, up: up, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// outBytes bounds what has passed the stages and waits for dst.
const outBytes = 64 << 10

// windowBytes is how much a sender gets rid of when nobody takes it any more: about what a TCP window
// lets it send without an acknowledgement. Then it feels back-pressure, as it would on a dead path.
const windowBytes = 1 << 20

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// signal makes the second goroutine look again. It takes no lock and never waits.
func (d *direction) signal() { notify(d.wake) }

// clear tells that a piece can be written straight away.
func (d *direction) clear() bool {
	return len(d.stages) == 0 && len(d.gates) == 0 && d.out.empty() && !d.writing
}

// full tells that the reader must wait.
func (d *direction) full() bool {
	if d.dead {
		return d.thrown >= windowBytes
	}
	if d.losing() && d.lost >= windowBytes {
		return true
	}
	for _, p := range d.stages {
		if p.stage.full() {
			return true
		}
	}
	return d.out.bytes >= outBytes
}

// push takes a piece from the reader, or a reset because dst has broken off.
func (d *direction) push(p piece) {
	if d.dead || d.broken {
		return
	}
	d.broken = p.end == endReset
	for _, g := range d.gates {
		d.link.meet(g.meter, p.request, len(p.data))
	}
	d.pass(0, p)
	d.needDrain()
	d.signal()
}

// pass hands a piece to the stage at i, or out.
func (d *direction) pass(i int, p piece) {
	if i < len(d.stages) {
		d.stages[i].stage.put(p)
		return
	}
	d.out.push(p)
}

// advance moves on what is due.
func (d *direction) advance(now time.Time) {
	for i, s := range d.stages {
		for p, ok := s.stage.take(now); ok; p, ok = s.stage.take(now) {
			d.pass(i+1, p)
		}
	}
}

// due is when the next piece moves by itself; zero: none will.
func (d *direction) due() time.Time {
	var first time.Time
	for _, s := range d.stages {
		if due := s.stage.due(); !due.IsZero() && (first.IsZero() || due.Before(first)) {
			first = due
		}
	}
	return first
}

// needDrain starts the second goroutine.
func (d *direction) needDrain() {
	if d.drains || !d.started || d.link.ending() {
		return
	}
	d.drains = true
	d.link.workers.Go(d.drain)
}

// reconcile makes the stages follow the edge's toxics of this direction. Stages of toxics that
// stay are left alone; what a removed one held goes on to the next, what a changed one held starts again from when it came.
func (d *direction) reconcile(toxics []*toxic, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.link.ending() {
		return
	}
	d.advance(now)
	for i := 0; i < len(d.stages); {
		if slices.ContainsFunc(toxics, func(t *toxic) bool { return t.serial == d.stages[i].toxic.serial }) {
			i++
			continue
		}
		d.remove(i, now)
	}
	at := 0
	for _, t := range toxics {
		here := at < len(d.stages) && d.stages[at].toxic.serial == t.serial
		if here && d.stages[at].toxic == t {
			at++
			continue
		}
		if d.place(at, t, here, now) {
			at++
		}
	}
	if len(d.stages) > 0 || !d.out.empty() {
		d.needDrain()
	}
	d.signal()
	notify(d.room)
}

// remove takes a stage off and lets what it held go on.
func (d *direction) remove(i int, now time.Time) {
	held := d.stages[i].stage.release()
	d.stages = slices.Delete(d.stages, i, i+1)
	for _, p := range held {
		p.at = now
		d.pass(i, p)
	}
}

// place puts a toxic's stage in at i, or in place of the one there. It reports whether there is one now.
func (d *direction) place(i int, t *toxic, replace bool, now time.Time) bool {
	var old stage
	var held []piece
	if replace {
		old = d.stages[i].stage
		held = old.release()
		d.stages = slices.Delete(d.stages, i, i+1)
	}
	s := t.build(d, old, now)
	if s != nil {
		d.stages = slices.Insert(d.stages, i, placed{t, s})
	}
	for _, p := range held {
		d.pass(i, p)
	}
	return s != nil
}

// read is the reader: it ends when src does.
func (d *direction) read() {
	buffer := getBuffer()
	defer putBuffer(buffer)
	defer func() { d.pipe.close() }()
	for d.awaitRoom() {
		n, err := d.src.Read(*buffer)
		if n > 0 {
			d.arrived((*buffer)[:n])
			if n == len(*buffer) && err == nil {
				err = d.splice()
			}
		}
		if err != nil {
			d.ended(err)
			return
		}
	}
}

// awaitRoom waits until there is room; false: the connection has ended.
func (d *direction) awaitRoom() bool {
	for {
		d.mu.Lock()
		full := d.full()
		d.mu.Unlock()
		if full {
			select {
			case <-d.room:
				continue
			case <-d.link.done:
				return false
			}
		}
		return !d.link.closed()
	}
}

// arrived passes on what was read.
func (d *direction) arrived(data []byte) {
	request := d.link.spoke(d.up)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		d.thrown += len(data)
		return
	}
	if !d.clear() {
		d.push(piece{data: slices.Clone(data), at: time.Now(), request: request})
		return
	}
	d.unlocked(func() { d.write(data) })
}

// unlocked does f, which writes to dst, without holding mu.
func (d *direction) unlocked(f func()) {
	d.writing = true
	d.mu.Unlock()
	f()
	d.mu.Lock()
	d.writing = false
	if !d.out.empty() || len(d.stages) > 0 {
		d.signal()
	}
}

// write writes to dst. If that fails, the sender is to learn it: a reset goes back the other way.
func (d *direction) write(data []byte) {
	d.link.delivering(d.up)
	n, err := d.dst.Write(data)
	d.link.delivered(d.up, n)
	if err != nil {
		d.fail()
	}
}

// fail gives dst up.
func (d *direction) fail() {
	d.abandon()
	if d.link.ending() {
		return
	}
	back := d.link.other(d)
	back.mu.Lock()
	both := back.dead
	back.push(piece{at: time.Now(), request: d.link.turns.requests.Load(), end: endReset})
	back.mu.Unlock()
	if both {
		d.link.reset() // neither side takes anything any more
	}
}

// abandon makes a direction throw away everything from now on. A reset that was on its way is carried out.
func (d *direction) abandon() {
	d.mu.Lock()
	d.dead = true
	d.out.takeAll()
	broken := d.broken
	notify(d.room)
	d.mu.Unlock()
	if broken {
		d.link.reset()
	}
}

// ended passes on that src has ended.
func (d *direction) ended(err error) {
	if d.link.closed() {
		return // it was us
	}
	p := piece{at: time.Now(), request: d.link.turns.requests.Load(), end: endReset}
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		p.end = endFIN
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead { // hung up, and this side has seen it
		d.finish()
		return
	}
	if p.end == endReset {
		d.hurry()
	}
	if !d.clear() {
		d.push(p)
		return
	}
	d.unlocked(func() { d.end(p.end) })
}

// hurryTime is how long a client that doesn't read can hold back the reset of the other side.
const hurryTime = 100 * time.Millisecond

// hurry bounds the write that may be waiting for dst, unless a gate holds everything anyway.
func (d *direction) hurry() {
	if len(d.gates) == 0 && len(d.stages) == 0 && d.started {
		_ = d.dst.SetWriteDeadline(time.Now().Add(hurryTime)) // a closed dst needs none
	}
}

// finish notes that nothing more comes this way. The connection ends when both ways have.
func (d *direction) finish() {
	if !d.over {
		d.over = true
		d.link.wayOver()
	}
}

// end delivers the end of the stream. It is called without mu.
func (d *direction) end(e end) {
	switch e {
	case endReset:
		d.link.reset()
	case endClose:
		d.link.hangUp()
	default:
		closeWrite(d.dst)
		d.mu.Lock()
		d.finish()
		d.mu.Unlock()
	}
}

// closeWrite passes a FIN on; a connection that has no half-close is closed.
func closeWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EOPNOTSUPP) {
			return // an error means that it has ended already
		}
	}
	_ = c.Close()
}

// drain is the second goroutine: it moves pieces on when they are due and writes them.
func (d *direction) drain() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		d.mu.Lock()
		d.advance(time.Now())
		p, ok := d.next()
		if ok {
			d.unlocked(func() { d.deliver(p) })
		}
		due := d.due()
		d.mu.Unlock()
		notify(d.room)
		if ok {
			continue
		}
		if !d.await(timer, due) {
			return
		}
	}
}

func (d *direction) deliver(p piece) {
	if p.end != endNone {
		d.end(p.end)
		return
	}
	d.write(p.data)
}

// await waits until something is due or has changed; false: the connection has ended.
func (d *direction) await(timer *time.Timer, due time.Time) bool {
	var expired <-chan time.Time
	switch clock := d.link.edge.mesh.clock; {
	case due.IsZero():
	case clock == nil:
		timer.Reset(time.Until(due))
		expired = timer.C
	case !d.alarm.Equal(due): // that one is set already
		d.alarm = due
		clock.at(due, d.wake)
	}
	select {
	case <-expired:
	case <-d.wake:
	case <-d.link.done:
		return false
	}
	return true
}

// next is what may be written to dst now.
func (d *direction) next() (piece, bool) {
	if d.writing {
		return piece{}, false
	}
	d.swallow()
	if d.out.empty() || len(d.gates) > 0 {
		return piece{}, false
	}
	return d.out.pop(), true
}
