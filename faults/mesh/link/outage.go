package link

import (
	"slices"
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
}

func NewOutage(spec faults.EdgeOutage, m *Meter) *Outage {
	return &Outage{Spec: spec, Meter: m, lifted: make(chan struct{})}
}

// End tells connections that wait for it that the outage is over.
func (o *Outage) End() { close(o.lifted) }

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

// Lift undoes it. A connection that lost bytes can't go on: it is reset.
func (l *Link) Lift(o *Outage) {
	lostUp, lostDown := l.up.lift(o), l.down.lift(o)
	if (lostUp || lostDown) && l.reset() {
		o.Meter.reset.Add(1)
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
			timer := time.NewTimer(time.Until(accepted.Add(o.Spec.Delay)))
			defer timer.Stop()
			over = timer.C
		case faults.NewFreeze, faults.NewHang: // hanging here: its listener is no Port
		default:
			continue
		}
		select {
		case <-o.lifted:
			if over != nil {
				o.Meter.cutShort(time.Since(accepted))
			}
		case <-over:
			o.Meter.delayed(time.Since(accepted))
		case <-l.done:
			return false
		}
	}
	return !l.ending()
}
