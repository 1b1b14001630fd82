package topology

import (
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// link is one call relation between two nodes. Async is a queue's delivery: nobody waits for it.
type link struct {
	from, to string
	async    bool
}

// graph is the nodes' call relations, each once, in the file's order.
type graph struct {
	links []link
	out   map[string][]link
}

func graphOf(s *scenarios.Scenario) graph {
	g := graph{out: map[string][]link{}}
	for _, n := range s.Nodes {
		for _, to := range callees(n) {
			g.add(link{from: n.Name, to: to, async: n.Kind == scenarios.KindQueue})
		}
	}
	return g
}

func (g *graph) add(l link) {
	for _, known := range g.out[l.from] {
		if known.to == l.to {
			return
		}
	}
	g.links = append(g.links, l)
	g.out[l.from] = append(g.out[l.from], l)
}

// callees are the nodes that n calls, in the order in which it names them.
func callees(n *scenarios.Node) []string {
	var out []string
	if n.Origin != "" {
		out = append(out, n.Origin)
	}
	for _, r := range n.Routes {
		out = append(out, r.To)
	}
	for _, e := range n.Endpoints {
		out = append(out, stepCallees(e.Steps)...)
	}
	if n.To != nil {
		out = append(out, n.To.Node)
	}
	return append(out, n.Calls...)
}

func stepCallees(steps []scenarios.Step) []string {
	var out []string
	for _, s := range steps {
		if s.Call != nil {
			out = append(out, s.Call.Node)
		}
		out = append(out, s.Read, s.Write)
		out = append(out, stepCallees(s.Parallel)...)
		if s.Fallback != nil {
			out = append(out, s.Fallback.Write)
			if s.Fallback.Call != nil {
				out = append(out, s.Fallback.Call.Node)
			}
		}
	}
	named := out[:0]
	for _, name := range out {
		if name != "" {
			named = append(named, name)
		}
	}
	return named
}

// reached is every node that traffic from the given ones can get to, themselves included.
func (g graph) reached(from ...string) map[string]bool {
	seen := map[string]bool{}
	for len(from) > 0 {
		n := from[len(from)-1]
		from = from[:len(from)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		for _, l := range g.out[n] {
			from = append(from, l.to)
		}
	}
	return seen
}

// levels gives each node its start level: 0 for what calls nothing, else one more than the
// highest that it calls. A queue's delivery does not count where it closes a cycle. A cycle of synchronous
// calls has no levels; it is returned as a path that ends where it began.
func (g graph) levels(nodes []*scenarios.Node) (map[string]int, []string) {
	w := walk{graph: g, level: map[string]int{}, onPath: map[string]bool{}}
	for _, n := range nodes {
		if cycle := w.visit(n.Name); cycle != nil {
			return nil, cycle
		}
	}
	return w.level, nil
}

// walk is a depth-first search.
type walk struct {
	graph
	level  map[string]int
	onPath map[string]bool
	path   []string
}

func (w *walk) visit(node string) (cycle []string) {
	if _, done := w.level[node]; done {
		return nil
	}
	if w.onPath[node] {
		for i, n := range w.path {
			if n == node {
				return append(append([]string(nil), w.path[i:]...), node)
			}
		}
	}
	w.onPath[node] = true
	w.path = append(w.path, node)
	level := 0
	for _, l := range w.out[node] {
		if l.async && w.reached(l.to)[node] {
			continue
		}
		if cycle := w.visit(l.to); cycle != nil {
			return cycle
		}
		level = max(level, w.level[l.to]+1)
	}
	w.path = w.path[:len(w.path)-1]
	w.onPath[node] = false
	w.level[node] = level
	return nil
}

// arrows is a path in words.
func arrows(path []string) string { return strings.Join(path, " -> ") }
