package topology

import (
	"sort"

	"github.com/squallhq/squall/faults"
)

// combinations reports changes of one instance that are on at the same time and do not go together: each was
// checked alone when it was read.
func (b *builder) combinations() {
	begins := make([]int, 0, len(b.Faults))
	for i, f := range b.Faults {
		if _, is := f.Fault.Kind.(faults.Change); is {
			begins = append(begins, i)
		}
	}
	sort.SliceStable(begins, func(x, y int) bool { return b.Faults[begins[x]].Start < b.Faults[begins[y]].Start })
	for n, j := range begins {
		told := map[string]bool{} // once for a node
		for _, p := range b.Faults[j].Primitives {
			node := b.Instances[b.byName[p.Instance]].Node.Name
			patches := b.patchesOn(p.Instance, begins[:n], j)
			if told[node] || len(patches) < 2 {
				continue
			}
			if _, err := b.Changed(node, patches...); err != nil {
				told[node] = true
				b.problem(b.places[j], "let one end before the other begins", "it does not go together with what has changed before it: %v", err)
			}
		}
	}
}

// patchesOn are the patches on an instance when one more begins: those of the earlier faults that are still on, and its own.
func (b *builder) patchesOn(instance string, earlier []int, one int) []faults.Patch {
	var out []faults.Patch
	for _, i := range append(append([]int(nil), earlier...), one) {
		if b.Faults[i].End <= b.Faults[one].Start {
			continue
		}
		for _, p := range b.Faults[i].Primitives {
			if p.Op == faults.OpConfigure && p.Instance == instance {
				out = append(out, *p.Patch)
			}
		}
	}
	return out
}
