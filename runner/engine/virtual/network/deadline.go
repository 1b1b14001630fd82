package network

import (
	"sync"
	"time"
)

// deadline is where readers (or writers) of a stream wait, and until when. Setting it costs next to nothing, because most
// deadlines never pass: there is a timer only while somebody waits, and one that is set for too early a time is
// set anew when it has fired. Its stream's lock guards it.
type deadline struct {
	mu      *sync.Mutex
	changed sync.Cond
	at      time.Time // zero: none
	timer   *time.Timer
	armed   time.Time // when the timer fires; zero: it does not
	waiting int
}

func (d *deadline) init(mu *sync.Mutex) {
	d.mu = mu
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
		d.armed = d.at
		if d.timer == nil {
			d.timer = time.AfterFunc(time.Until(d.at), d.fire)
		} else {
			d.timer.Reset(time.Until(d.at))
		}
	}
	d.waiting++
	d.changed.Wait()
	d.waiting--
}

func (d *deadline) fire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.armed = time.Time{}
	d.changed.Broadcast()
}

func (d *deadline) wake() { d.changed.Broadcast() }

// stop is for when nobody will wait any more.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.armed = time.Time{}
	}
}
