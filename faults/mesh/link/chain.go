package link

import (
	"slices"
	"time"
)

// pass hands a piece to the stage at i, or out.
func (d *direction) pass(i int, p piece) {
	if i < len(d.stages) {
		d.stages[i].stage.put(p)
		return
	}
	for _, g := range d.gates {
		d.link.meet(g.meter, p.request, len(p.data))
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

// Reconcile makes both directions follow the edge's toxics. The connection is the nth, from 0, of those that do.
func (l *Link) Reconcile(up, down []*Toxic, now time.Time, nth int) {
	l.up.reconcile(up, now, 2*nth+1)
	l.down.reconcile(down, now, 2*nth+2)
}

// reconcile makes the stages follow the edge's toxics of this direction. Stages of toxics that
// stay are left alone; what a removed one held goes on to the next, what a changed one held starts again from when it came.
func (d *direction) reconcile(toxics []*Toxic, now time.Time, nth int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.link.ending() {
		return
	}
	d.advance(now)
	for i := 0; i < len(d.stages); {
		if slices.ContainsFunc(toxics, func(t *Toxic) bool { return t.Serial == d.stages[i].toxic.Serial }) {
			i++
			continue
		}
		d.remove(i, now)
	}
	at := 0
	for _, t := range toxics {
		here := at < len(d.stages) && d.stages[at].toxic.Serial == t.Serial
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
	d.letGo(nth)
}

// remove takes a stage off and lets what it held go on.
func (d *direction) remove(i int, now time.Time) {
	held := d.stages[i].stage.release(now, toxicGone)
	d.stages = slices.Delete(d.stages, i, i+1)
	for _, p := range held {
		p.at = now
		d.pass(i, p)
	}
}

// place puts a toxic's stage in at i, or in place of the one there. It reports whether there is one now.
func (d *direction) place(i int, t *Toxic, replace bool, now time.Time) bool {
	var old stage
	var held []piece
	if replace {
		old = d.stages[i].stage
		held = old.release(now, toxicChanged)
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
