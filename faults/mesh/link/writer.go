package link

import (
	"time"

	"github.com/squallhq/squall/faults/mesh/port"
)

// needDrain starts the second goroutine.
func (d *direction) needDrain() {
	if d.drains || !d.started || d.link.ending() {
		return
	}
	d.drains = true
	d.link.workers.Go(d.drain)
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
		_ = port.CloseWrite(d.dst) // it fails on one that has ended already
		d.mu.Lock()
		d.finish()
		d.mu.Unlock()
	}
}

// drain is the second goroutine: it moves pieces on when they are due and writes them.
func (d *direction) drain() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		d.mu.Lock()
		d.awaitTurn()
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

// awaitTurn waits until it is this one's turn among those that a change of the faults has let go on. It lets go of mu meanwhile.
func (d *direction) awaitTurn() {
	for d.turn > 0 {
		nth := d.turn
		d.turn = 0
		d.mu.Unlock()
		d.link.Host.Turn(nth)
		d.mu.Lock()
	}
}

// after rings for a connection that is not let in yet, so that neither way of it waits for anything.
func (l *Link) after(wait time.Duration) (rings <-chan time.Time, stop func()) {
	if l.Host.After != nil {
		return l.Host.After(l.up.number(), wait)
	}
	timer := time.NewTimer(wait)
	return timer.C, func() { timer.Stop() }
}

// number tells the two ways of an edge's connections apart.
func (d *direction) number() int64 {
	if d.up {
		return 2 * d.link.Number
	}
	return 2*d.link.Number + 1
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
	switch clock := d.link.Host.Clock; {
	case due.IsZero():
	case d.link.Host.After != nil:
		rings, stop := d.link.Host.After(d.number(), time.Until(due))
		defer stop()
		expired = rings
	case clock == nil:
		timer.Reset(time.Until(due))
		expired = timer.C
	case !d.alarm.Equal(due): // that one is set already
		d.alarm = due
		clock.At(due, d.wake)
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
