package engine

import (
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// wish is a primitive that an injection, by its id, wants of an instance for as long as it is on.
type wish struct {
	id   string
	what faults.Primitive
}

// wishes are those of all injections that are on, the oldest first. What they want together is a function of them alone, so that
// each can be taken back on its own, in any order.
type wishes []wish

func (w *wishes) add(id string, primitives []faults.Primitive) {
	for _, p := range primitives {
		*w = append(*w, wish{id, p})
	}
}

// drop takes back everything that an injection wants.
func (w *wishes) drop(id string) {
	*w = slices.DeleteFunc(*w, func(one wish) bool { return one.id == id })
}

// want tells that at least one of them is of a sort.
func (w wishes) want(op faults.Op) bool {
	return slices.ContainsFunc(w, func(one wish) bool { return one.what.Op == op })
}

// announced tells that the callers of an instance that is to drain are told.
func (w wishes) announced() bool {
	return slices.ContainsFunc(w, func(one wish) bool { return one.what.Op == faults.OpStop && !one.what.Untold })
}

// least is the least of the limits that are on and of own, each in cores; 0 is none.
func (w wishes) least(own float64) float64 {
	for _, one := range w {
		if one.what.Op == faults.OpCPU && (own == 0 || one.what.CPUs < own) {
			own = one.what.CPUs
		}
	}
	return own
}

// image is the one that it is to run, "" its own: the newest counts.
func (w wishes) image() (image string) {
	for _, one := range w {
		if one.what.Op == faults.OpReplace {
			image = one.what.Image
		}
	}
	return image
}

// leastMemory is the least of the limits of memory that are on, in bytes; 0: none is.
func (w wishes) leastMemory() (least int64) {
	for _, one := range w {
		if one.what.Op == faults.OpMemory && (least == 0 || one.what.Bytes < least) {
			least = one.what.Bytes
		}
	}
	return least
}

// fills are how many bytes are to be left of what is to be full, by volume: the least.
func (w wishes) fills() map[string]int64 {
	out := map[string]int64{}
	for _, one := range w {
		if d := one.what.Disk; one.what.Op == faults.OpFill {
			if left, there := out[d.Volume]; !there || d.Leave < left {
				out[d.Volume] = d.Leave
			}
		}
	}
	return out
}

// resolved is how names are looked up over the instance's edges to its callees, by edge: the newest counts.
func (w wishes) resolved() map[string]faults.NameLookup {
	out := map[string]faults.NameLookup{}
	for _, one := range w {
		if one.what.Op == faults.OpLookup {
			out[one.what.Edge] = *one.what.Lookup
		}
	}
	return out
}

// behaviour is all misbehaviours at once.
func (w wishes) behaviour() faults.Behaviour {
	var all []*faults.Behaviour
	for _, one := range w {
		if one.what.Op == faults.OpBehave {
			all = append(all, one.what.Behaviour)
		}
	}
	return faults.Combine(all...)
}

// asks are what is asked of it, in their order.
func (w wishes) asks() []faults.Ask {
	all := []faults.Ask{}
	for _, one := range w {
		if one.what.Op == faults.OpAsk {
			all = append(all, one.what.Ask)
		}
	}
	return all
}

// patches are the changes of its configuration, in their order.
func (w wishes) patches() []*faults.Patch {
	var all []*faults.Patch
	for _, one := range w {
		if one.what.Op == faults.OpConfigure {
			all = append(all, one.what.Patch)
		}
	}
	return all
}

// cores are those that the instance may use; 0: as its engine gives to a node that names none.
func (i *instance) cores() float64 { return i.least(i.plan.Node.CPUs) }

// configuration is its node with the changes that are on.
func (i *instance) configuration() (*scenarios.Node, error) {
	all := i.patches()
	if len(all) == 0 {
		return i.plan.Node, nil
	}
	values := make([]faults.Patch, len(all))
	for n, p := range all {
		values[n] = *p
	}
	return i.system.plan.Changed(i.plan.Node.Name, values...)
}
