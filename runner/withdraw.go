package runner

import "github.com/squallhq/squall/faults"

// withdraw tells the loads that instances which a fault stops are about to go, or are back: as a balancer in front of the
// entry is told, and engines tell the callers inside.
func (r *run) withdraw(i *injection, out bool) {
	for _, p := range i.fault.Primitives {
		if p.Op != faults.OpStop || p.Untold {
			continue
		}
		for _, e := range r.o.Plan.Edges {
			switch {
			case !e.Client || e.To != p.Instance:
			case out:
				r.withdrawn.Store(e.Name, true)
			default:
				r.withdrawn.Delete(e.Name)
			}
		}
	}
}

func (r *run) isWithdrawn(edge string) bool {
	_, is := r.withdrawn.Load(edge)
	return is
}
