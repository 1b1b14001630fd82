package topology

import (
	"slices"

	"github.com/squallhq/squall/faults"
)

// inAnyCompany is how many changes may be on together for the plan to have every choice of them: one that could not be
// applied is missing from those after it, and an interrupt takes them back in an order of its own. There are 2^n choices; of
// more changes the plan has those that it makes itself, and what is left of them when they are taken back, the last one first.
const inAnyCompany = 8

// configurations makes every node that changes may make. Those that are on at the same time and do not go together are a
// mistake: each was checked alone when it was read.
func (b *builder) configurations() {
	if b.change == nil {
		return // nobody here knows the language of patches
	}
	on := map[string][]int{} // the changes of each instance, in the order in which they began
	for _, e := range b.Schedule {
		told := map[string]bool{} // once for a node
		for _, p := range b.Faults[e.Fault].Primitives {
			if p.Op != faults.OpConfigure {
				continue
			}
			now := slices.DeleteFunc(on[p.Instance], func(i int) bool { return b.Faults[i].End <= e.At })
			if e.Begin {
				now = append(now, e.Fault)
			}
			on[p.Instance] = now
			node := b.Instances[b.byName[p.Instance]].Node.Name
			err := b.together(node, b.patchesOn(p.Instance, now))
			if err == nil || told[node] {
				continue
			}
			told[node] = true
			if e.Begin {
				b.problem(b.places[e.Fault], "let one end before the other begins", "it does not go together with what has changed before it: %v", err)
			} else {
				b.problem(b.places[e.Fault], "let the others end before it", "what is changed when it ends does not go without it: %v", err)
			}
		}
	}
}

// together makes a node with all patches on it, and with those of them that may be left alone.
func (b *builder) together(node string, patches []faults.Patch) error {
	if err := b.configure(node, patches); err != nil {
		return err
	}
	if len(patches) > inAnyCompany {
		for n := range patches[1:] {
			_ = b.configure(node, patches[:n+1]) // was the whole, when the last of them began
		}
		return nil
	}
	for chosen := range 1<<len(patches) - 1 {
		var some []faults.Patch
		for n, p := range patches {
			if chosen>>n&1 == 1 {
				some = append(some, p)
			}
		}
		_ = b.configure(node, some) // what makes no node without another is asked for only when that one has failed, and says so then
	}
	return nil
}

// configure makes a node once.
func (b *builder) configure(node string, patches []faults.Patch) error {
	if _, err := b.Changed(node, patches...); err == nil {
		return nil
	}
	made, err := b.change(node, patches...)
	if err == nil {
		b.Configurations = append(b.Configurations, Configuration{Patches: textsOf(patches), Node: made})
	}
	return err
}

// patchesOn are those of faults on an instance.
func (b *builder) patchesOn(instance string, changes []int) []faults.Patch {
	var out []faults.Patch
	for _, i := range changes {
		for _, p := range b.Faults[i].Primitives {
			if p.Op == faults.OpConfigure && p.Instance == instance {
				out = append(out, *p.Patch)
			}
		}
	}
	return out
}
