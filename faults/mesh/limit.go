package mesh

import (
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/link"
)

// limit is an outage of what is over so many connections at once. Its edge's mutex guards it.
type limit struct {
	outage *link.Outage
	within map[*link.Link]bool
	// waiting are those over it that wait for another to end, the first come first.
	waiting []waiting
}

// waiting is a connection over a limit, and what holds it.
type waiting struct {
	link *link.Link
	held *link.Outage
}

// bound puts a limit on; the connections that are open count. e.mu is held.
func (e *edge) bound(o *link.Outage) {
	n := &limit{outage: o, within: make(map[*link.Link]bool)}
	for l := range e.links {
		n.within[l] = true
	}
	e.limits = append(e.limits, n)
}

// unbound takes a limit off; what waits goes on. e.mu is held.
func (e *edge) unbound(o *link.Outage) {
	i := slices.IndexFunc(e.limits, func(n *limit) bool { return n.outage == o })
	if i < 0 {
		return
	}
	for _, w := range e.limits[i].waiting {
		w.held.End()
	}
	e.limits = slices.Delete(e.limits, i, i+1)
}

// over are the outages of a new connection that is over limits. e.mu is held.
func (e *edge) over(l *link.Link) (out []*link.Outage) {
	for _, n := range e.limits {
		if len(n.within) < n.outage.Spec.Most {
			n.within[l] = true
			continue
		}
		held := link.NewOutage(n.outage.Spec, n.outage.Meter)
		if n.outage.Spec.New == faults.NewFreeze {
			n.waiting = append(n.waiting, waiting{l, held})
		}
		out = append(out, held)
	}
	return out
}

// leave makes room for the next where a connection has ended. e.mu is held.
func (e *edge) leave(l *link.Link) {
	for _, n := range e.limits {
		n.waiting = slices.DeleteFunc(n.waiting, func(w waiting) bool { return w.link == l })
		delete(n.within, l)
		for len(n.within) < n.outage.Spec.Most && len(n.waiting) > 0 {
			next := n.waiting[0]
			n.waiting = n.waiting[1:]
			n.within[next.link] = true
			next.held.End()
		}
	}
}
