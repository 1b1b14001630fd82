package topology

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/scenarios"
)

// set is what a selector stands for: instances by index, and loads by name. ports narrow instances to the edges into those of
// their ports, as in Edge.Port; an instance without any is not narrowed.
type set struct {
	instances map[int]bool
	ports     map[int][]int
	loads     map[string]bool
}

func newSet() set {
	return set{instances: map[int]bool{}, ports: map[int][]int{}, loads: map[string]bool{}}
}

// takes tells whether edges into an instance's port are among what is called.
func (s set) takes(instance, port int) bool {
	ports, narrowed := s.ports[instance]
	return s.instances[instance] && (!narrowed || slices.Contains(ports, port))
}

func (s set) empty() bool { return len(s.instances)+len(s.loads) == 0 }

func (s set) add(o set) {
	for i := range o.instances {
		ports, narrowed := o.ports[i]
		if _, was := s.ports[i]; narrowed && (was || !s.instances[i]) {
			s.ports[i] = append(s.ports[i], ports...)
		} else {
			delete(s.ports, i)
		}
		s.instances[i] = true
	}
	for l := range o.loads {
		s.loads[l] = true
	}
}

// without is s less what o has.
func (s set) without(o set) set {
	left := newSet()
	left.ports = s.ports
	for i := range s.instances {
		if !o.instances[i] {
			left.instances[i] = true
		}
	}
	for l := range s.loads {
		if !o.loads[l] {
			left.loads[l] = true
		}
	}
	return left
}

// selection resolves the selector of one fault.
type selection struct {
	*builder
	// draw names the fault for the seed of its shares.
	draw []string
	// unknown are the names that stand for nothing.
	unknown []string
	// nested are connections where only nodes make sense.
	nested []string
	// portless says of a port that is nobody's.
	portless Problem
}

// members is every instance and load that a selector without edges stands for.
func (s *selection) members(sel faults.Selector) set {
	out := newSet()
	switch {
	case sel.Edge != nil:
		s.nested = append(s.nested, sel.String())
	case len(sel.Any) > 0:
		for _, one := range sel.Any {
			out.add(s.members(one))
		}
	default:
		for _, m := range s.names.Select(sel) {
			if m.Load != "" {
				out.loads[m.Load] = true
				continue
			}
			for _, i := range s.byNode[m.Node.Name] {
				if m.Has(s.Instances[i].Replica) {
					out.instances[i] = true
					s.narrow(out, i, sel)
				}
			}
		}
		if out.empty() && sel.Name != "" && s.portless.What == "" {
			s.unknown = append(s.unknown, sel.Name)
		}
	}
	return s.share(out, sel)
}

// narrow takes a selector's port of an instance.
func (s *selection) narrow(in set, i int, sel faults.Selector) {
	if sel.Port == "" {
		return
	}
	n := s.Instances[i].Node
	if ports := n.PortsOver(scenarios.Connection{Port: sel.Port}); len(ports) > 0 {
		in.ports[i] = ports
		return
	}
	delete(in.instances, i)
	s.portless = NoPort(n, sel.Port, nil)
}

// share keeps that part of the matched instances of each node, rounded up. Which ones is drawn
// from the plan's seed, the fault and the node, so that a change elsewhere in the scenario leaves it as it is.
func (s *selection) share(all set, sel faults.Selector) set {
	if sel.Share <= 0 || sel.Share >= 1 {
		return all
	}
	kept := set{instances: map[int]bool{}, ports: all.ports, loads: all.loads}
	for _, n := range s.Scenario.Nodes {
		var matched []int
		for _, i := range s.byNode[n.Name] {
			if all.instances[i] {
				matched = append(matched, i)
			}
		}
		if len(matched) == 0 {
			continue
		}
		seed := chance.Seed(s.Seed, append(append([]string{"share"}, s.draw...), sel.String(), n.Name)...)
		chance := rand.New(rand.NewPCG(seed, 0))
		chance.Shuffle(len(matched), func(i, j int) { matched[i], matched[j] = matched[j], matched[i] })
		// The small step back keeps 20% of 5 at 1 whatever the floating point says.
		count := int(math.Ceil(sel.Share*float64(len(matched)) - 1e-9))
		for _, i := range matched[:max(count, 1)] {
			kept.instances[i] = true
		}
	}
	return kept
}

// between is every edge from one set to the other, and with both the other way too.
func (s *selection) between(from, to set, both bool) []string {
	var out []string
	for _, e := range s.Edges {
		callee := s.byName[e.To]
		if s.calls(from, e) && to.takes(callee, e.Port) || both && s.calls(to, e) && from.takes(callee, e.Port) {
			out = append(out, e.Name)
		}
	}
	return out
}

// calls tells whether the edge's caller is in the set.
func (s *selection) calls(in set, e Edge) bool {
	if e.Client {
		return in.loads[e.From]
	}
	return in.instances[s.byName[e.From]]
}
