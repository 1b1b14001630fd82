package link

import "slices"

// gate is an outage's hold on one direction of a connection that was open when it began. Several
// may be on at once; while any of them is, nothing passes, and one that loses wins over those that keep.
type gate struct {
	outage *Outage
	meter  *Meter
	lose   bool
}

// apply puts a gate on; what waits behind it already has met it.
func (d *direction) apply(g gate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gates = append(d.gates, g)
	for _, p := range d.out.pieces {
		d.link.meet(g.meter, p.request, len(p.data))
	}
	d.needDrain()
	d.signal()
}

// lift takes an outage's gate off again and reports whether bytes were lost while it was on.
func (d *direction) lift(o *Outage, nth int) (lost bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.IndexFunc(d.gates, func(g gate) bool { return g.outage == o })
	if i < 0 {
		return false
	}
	d.swallow()
	lost = d.gates[i].lose && d.lost > 0
	d.gates = slices.Delete(d.gates, i, i+1)
	d.letGo(nth)
	return lost
}

// losing tells that an outage loses what comes.
func (d *direction) losing() bool {
	return slices.ContainsFunc(d.gates, func(g gate) bool { return g.lose })
}

// swallow throws away the bytes that a losing gate has caught. Ends wait.
func (d *direction) swallow() {
	i := slices.IndexFunc(d.gates, func(g gate) bool { return g.lose })
	if i < 0 || d.out.empty() {
		return
	}
	for _, p := range d.out.takeAll() {
		if p.end != endNone {
			d.out.push(p)
			continue
		}
		d.lost += len(p.data)
		d.gates[i].meter.lost.Add(int64(len(p.data)))
	}
}
