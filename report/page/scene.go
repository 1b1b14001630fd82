package page

import (
	"cmp"
	"slices"
	"strings"

	"github.com/squallhq/squall/runner/record"
)

// scene is what happened to the topology in one phase, or in the whole run.
type scene struct {
	name     string
	from, to float64
	pairs    map[[2]string]pair
	users    map[string]outcomes // by load
	spans    []span              // those that were on in it
}

// mostScenes are drawn: a run of more phases shows the whole and the worst of them.
const mostScenes = 13

// scenesOf are the whole run and each phase whose edges were read; worst is the one to look at first.
func scenesOf(r *record.Result, t *timeline, spans []span) (scenes []scene, worst int) {
	scenes = []scene{newScene("whole run", t.begin, t.end, r.Edges, r.Phases, spans)}
	for _, p := range r.Phases {
		if len(p.Edges) > 0 {
			scenes = append(scenes, newScene(p.Name, p.StartS, p.EndS, p.Edges, []record.Phase{p}, spans))
		}
	}
	if len(scenes) > mostScenes {
		kept := slices.Clone(scenes[1:])
		slices.SortStableFunc(kept, func(a, b scene) int { return cmp.Compare(b.harm(), a.harm()) })
		limit := kept[mostScenes-1].harm()
		few := scenes[:1]
		for _, s := range scenes[1:] {
			if s.harm() >= limit && len(few) < mostScenes {
				few = append(few, s)
			}
		}
		scenes = few
	}
	for i, s := range scenes {
		if i > 0 && (worst == 0 || s.harm() > scenes[worst].harm()) {
			worst = i
		}
	}
	return scenes, worst
}

func newScene(name string, from, to float64, edges []record.Edge, phases []record.Phase, spans []span) scene {
	s := scene{name: name, from: from, to: to, pairs: map[[2]string]pair{}, users: map[string]outcomes{}}
	for _, p := range pairsOf(edges) {
		s.pairs[[2]string{p.from, p.to}] = p
	}
	for _, p := range phases {
		for _, q := range p.Requests {
			o := s.users[q.Load]
			o.sent += float64(q.Sent)
			o.ok += float64(q.OK)
			o.degraded += float64(q.Degraded)
			o.failed += float64(q.Failed) // what a fault of another phase cut is that one's
			s.users[q.Load] = o
		}
	}
	for _, sp := range spans {
		if sp.from < to-0.05 && sp.to > from+0.05 {
			s.spans = append(s.spans, sp)
		}
	}
	return s
}

// harm is what users lost, whole answers counting twice as much as good ones.
func (s scene) harm() float64 {
	lost, total := 0.0, 0.0
	for _, o := range s.users {
		lost += 2*(o.failed+o.cut) + o.degraded
		total += o.total()
	}
	if total == 0 {
		return 0
	}
	h := lost / total
	if len(s.spans) > 0 {
		h += 1e-6 // among equals, one with a fault
	}
	return h
}

// into is everything that crossed to a node.
func (s scene) into(node string) pair {
	sum := pair{to: node}
	for key, p := range s.pairs {
		if key[1] == node {
			sum.sum.Attempts += p.crossed()
			sum.sum.InFlight += p.sum.InFlight
			sum.sum.Failures += p.sum.Failures
			sum.sum.GaveUp += p.sum.GaveUp
		}
	}
	return sum
}

// on are the spans that are on an edge between two nodes.
func (s scene) on(p pair) []span {
	var found []span
	for _, sp := range s.spans {
		if slices.ContainsFunc(sp.edges, func(e string) bool { return slices.Contains(p.edges, e) }) && len(sp.instances) == 0 {
			found = append(found, sp)
		}
	}
	return found
}

// in are the spans that are on instances of a node.
func (s scene) in(m *member) []span {
	var found []span
	for _, sp := range s.spans {
		if m != nil && slices.ContainsFunc(m.instances, func(n record.Node) bool { return slices.Contains(sp.instances, n.Instance) }) {
			found = append(found, sp)
		}
	}
	return found
}

func labels(spans []span) string {
	var names []string
	for _, s := range spans {
		if !slices.Contains(names, s.name) {
			names = append(names, s.name)
		}
	}
	return strings.Join(names, ", ")
}
