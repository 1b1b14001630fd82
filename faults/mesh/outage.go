package mesh

import (
	"slices"
	"time"

	"github.com/squallhq/squall/faults"
)

// outage is an outage on an edge.
//
// Several may be on at once. For new connections the strictest decides: hang, refuse, reset,
// close, freeze, slow, pass, in this order (a network that drops everything hides a closed port, and a closed port a
// process that stands still). For open ones reset and close act once, when they begin, whatever
// else is on; then losing wins over keeping. Lifting one leaves exactly what the others ask for.
type outage struct {
	spec   faults.EdgeOutage
	meter  *meter
	lifted chan struct{}
}

func newOutage(spec faults.EdgeOutage, m *meter) *outage {
	return &outage{spec: spec, meter: m, lifted: make(chan struct{})}
}

// strictest is the fate of new connections under these outages.
func strictest(outages []*outage) faults.NewConnections {
	for _, fate := range faults.Fates {
		if slices.ContainsFunc(outages, func(o *outage) bool { return o.spec.New == fate }) {
			return fate
		}
	}
	return faults.NewPass
}

// begin does to an open connection what an outage does when it begins.
func (l *link) begin(o *outage) {
	switch o.spec.Open {
	case faults.OpenReset:
		if l.reset() {
			o.meter.reset.Add(1)
			l.meet(o.meter, 0, 0)
		}
	case faults.OpenClose:
		if l.hangUp() {
			o.meter.closed.Add(1)
			l.meet(o.meter, 0, 0)
		}
	case faults.OpenLose, faults.OpenKeep:
		g := gate{outage: o, meter: o.meter, lose: o.spec.Open == faults.OpenLose}
		if o.spec.Direction != faults.Down {
			l.up.shut(g)
		}
		if o.spec.Direction != faults.Up {
			l.down.shut(g)
		}
	}
}

// relent undoes it. A connection that lost bytes can't go on: it is reset.
func (l *link) relent(o *outage) {
	lostUp, lostDown := l.up.lift(o), l.down.lift(o)
	if (lostUp || lostDown) && l.reset() {
		o.meter.reset.Add(1)
	}
}

// arrive does to a new connection what the strictest outage does to it before it is carried.
func (l *link) arrive(outages []*outage) {
	fate := strictest(outages)
	ended := false
	switch fate {
	case faults.NewReset, faults.NewRefuse: // refused here: its listener is no Port
		ended = l.reset()
	case faults.NewClose:
		ended = l.hangUp()
	}
	for _, o := range outages {
		if o.spec.New != fate || fate == faults.NewPass {
			continue
		}
		l.meet(o.meter, 0, 0)
		switch {
		case ended && fate == faults.NewClose:
			o.meter.closed.Add(1)
		case ended:
			o.meter.reset.Add(1)
		}
	}
}

// wait holds a new connection while outages freeze it or make it slow; lifting them lets it go. False:
// it has ended.
func (l *link) wait(outages []*outage) bool {
	accepted := time.Now()
	for _, o := range outages {
		var over <-chan time.Time
		switch o.spec.New {
		case faults.NewSlow:
			timer := time.NewTimer(time.Until(accepted.Add(o.spec.Delay)))
			defer timer.Stop()
			over = timer.C
		case faults.NewFreeze, faults.NewHang: // hanging here: its listener is no Port
		default:
			continue
		}
		select {
		case <-o.lifted:
		case <-over:
		case <-l.done:
			return false
		}
	}
	return !l.ending()
}
