package link

import (
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
)

// Outage is an outage on an edge.
//
// Several may be on at once. For new connections the strictest decides: hang, refuse, reset,
// close, freeze, slow, pass, in this order (a network that drops everything hides a closed port, and a closed port a
// process that stands still). For open ones reset and close act once, when they begin, whatever
// else is on; then losing wins over keeping. Lifting one leaves exactly what the others ask for.
type Outage struct {
	Spec   faults.EdgeOutage
	Meter  *Meter
	lifted chan struct{}

	mu   sync.Mutex
	over bool
	held map[*Link]time.Time // new connections that wait for its end, and since when
}

func NewOutage(spec faults.EdgeOutage, m *Meter) *Outage {
	return &Outage{Spec: spec, Meter: m, lifted: make(chan struct{})}
}

// End tells connections that wait for it that the outage is over. They have met it as long as they had to by then: its receipt is whole.
func (o *Outage) End() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	for _, since := range o.held {
		switch {
		case o.Spec.Most > 0:
			o.Meter.delayed(time.Since(since)) // for as long as it had to
		case o.Spec.New == faults.NewSlow:
			o.Meter.cutShort(time.Since(since))
		}
	}
	o.held = nil
	close(o.lifted)
}

// hold notes that a new connection waits for its end; false: it has come.
func (o *Outage) hold(l *Link, since time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return false
	}
	if o.held == nil {
		o.held = make(map[*Link]time.Time)
	}
	o.held[l] = since
	return true
}

// release notes that a connection waits no longer; false: the end has come before.
func (o *Outage) release(l *Link) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, held := o.held[l]
	delete(o.held, l)
	return held
}

// Strictest is the fate of new connections under these outages.
func Strictest(outages []*Outage) faults.NewConnections {
	for _, fate := range faults.Fates {
		if slices.ContainsFunc(outages, func(o *Outage) bool { return o.Spec.New == fate }) {
			return fate
		}
	}
	return faults.NewPass
}

// Apply does to an open connection what an outage does when it begins.
func (l *Link) Apply(o *Outage) {
	cut := l.underWay()
	switch o.Spec.Open {
	case faults.OpenReset:
		if l.reset() {
			o.Meter.reset.Add(1)
			l.meet(o.Meter, cut, 0)
		}
	case faults.OpenClose:
		if l.hangUp() {
			o.Meter.closed.Add(1)
			l.meet(o.Meter, cut, 0)
		}
	case faults.OpenLose, faults.OpenKeep:
		g := gate{outage: o, meter: o.Meter, lose: o.Spec.Open == faults.OpenLose}
		if o.Spec.Direction != faults.Down {
			l.up.apply(g)
		}
		if o.Spec.Direction != faults.Up {
			l.down.apply(g)
		}
	}
}

// Lift undoes it, on the nth connection, from 0, of those that were open. One that lost bytes can't go on: it is reset.
func (l *Link) Lift(o *Outage, nth int) {
	lostUp, lostDown := l.up.lift(o, 2*nth+1), l.down.lift(o, 2*nth+2)
	cut := l.underWay()
	if (lostUp || lostDown) && l.reset() {
		o.Meter.reset.Add(1)
		l.meet(o.Meter, cut, 0)
	}
}

// Arrive does to a new connection what the strictest outage does to it before it is carried.
func (l *Link) Arrive(outages []*Outage) {
	fate := Strictest(outages)
	ended := false
	switch fate {
	case faults.NewReset, faults.NewRefuse: // refused here: its listener is no Port
		ended = l.reset()
	case faults.NewClose:
		ended = l.hangUp()
	}
	for _, o := range outages {
		if o.Spec.New != fate || fate == faults.NewPass {
			continue
		}
		l.meet(o.Meter, 0, 0)
		switch {
		case ended && fate == faults.NewClose:
			o.Meter.closed.Add(1)
		case ended:
			o.Meter.reset.Add(1)
		}
	}
}

// wait holds a new connection while outages freeze it or make it slow; lifting them lets it go. False:
// it has ended.
func (l *Link) wait(outages []*Outage) bool {
	accepted := time.Now()
	for _, o := range outages {
		var over <-chan time.Time
		switch o.Spec.New {
		case faults.NewSlow:
			rings, stop := l.after(time.Until(accepted.Add(o.Spec.Delay)))
			defer stop()
			over = rings
		case faults.NewFreeze, faults.NewHang: // hanging here: its listener is no Port
		default:
			continue
		}
		if !o.hold(l, accepted) {
			continue
		}
		select {
		case <-o.lifted:
		case <-over:
			if o.release(l) {
				o.Meter.delayed(time.Since(accepted))
			}
		case <-l.done:
			o.release(l)
			return false
		}
	}
	return !l.ending()
}
