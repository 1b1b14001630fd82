package network

import (
	"sync"
	"time"

	"github.com/squallhq/squall/internal/chance"
)

// deadline is where readers (or writers) of a stream wait, and until when. Setting it costs next to nothing, because most
// deadlines never pass: there is an alarm only while somebody waits, and one that is set for too early a time is
// set anew when it has rung. Its stream's lock guards it.
type deadline struct {
	mu      *sync.Mutex
	moments *moments // nil: alarms are timers
	key     uint64   // of whose it is
	changed sync.Cond
	at      time.Time // zero: none
	armed   time.Time // when the alarm rings; zero: there is none
	timer   *time.Timer
	ring    *event
	waiting int
}

func (d *deadline) init(mu *sync.Mutex, m *moments, key uint64) {
	d.mu, d.moments, d.key = mu, m, key
	d.changed.L = mu
}

// set moves it; whoever waits looks again.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = t
	d.changed.Broadcast()
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// wait waits until something has changed or the deadline passes.
func (d *deadline) wait() {
	if !d.at.IsZero() && (d.armed.IsZero() || d.armed.After(d.at)) {
		d.arm()
	}
	d.waiting++
	d.changed.Wait()
	d.waiting--
}

// arm sets the alarm. In virtual time it rings at a moment when nothing else happens: bytes that land in the very ns at which their reader
// gives up would be there or not, and its connection end with a reset or without one.
func (d *deadline) arm() {
	d.stop()
	d.armed = d.at
	switch wait := time.Until(d.at); {
	case d.moments != nil:
		e := &event{key: chance.Scramble(d.key ^ d.moments.seed), place: d.key}
		e.happen = func() { d.rang(e) }
		d.ring = e
		d.moments.put(e, max(wait, 0))
	case d.timer == nil:
		d.timer = time.AfterFunc(wait, func() { d.rang(nil) })
	default:
		d.timer.Reset(wait)
	}
}

func (d *deadline) rang(e *event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ring != e {
		return // another was set meanwhile
	}
	d.ring, d.armed = nil, time.Time{}
	d.changed.Broadcast()
}

func (d *deadline) wake() { d.changed.Broadcast() }

// stop is for when nobody will wait any more, or for another time.
func (d *deadline) stop() {
	d.armed = time.Time{}
	if d.timer != nil {
		d.timer.Stop()
	}
	if d.ring != nil {
		d.moments.forget(d.ring)
		d.ring = nil
	}
}
