package topology

import (
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// graph is which node calls which, each pair once, in the file's order.
type graph struct {
	calls []scenarios.Connection
	out   map[string][]scenarios.Connection
}

// graphOf leaves the loads' connections out.
func graphOf(s *scenarios.Scenario) graph {
	g := graph{out: map[string][]scenarios.Connection{}}
	for _, c := range s.Connections() {
		if c.FromLoad() {
			continue
		}
		g.calls = append(g.calls, c)
		g.out[c.From] = append(g.out[c.From], c)
	}
	return g
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
		for _, c := range g.out[n] {
			from = append(from, c.To)
		}
	}
	return seen
}

// levels gives each node its start level: 0 for what calls nothing, else one more than the
// highest that it calls. A queue's or a stream's delivery does not count where it closes a cycle. A cycle of synchronous
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
	for _, c := range w.out[node] {
		if c.Async && w.reached(c.To)[node] {
			continue
		}
		if cycle := w.visit(c.To); cycle != nil {
			return cycle
		}
		level = max(level, w.level[c.To]+1)
	}
	w.path = w.path[:len(w.path)-1]
	w.onPath[node] = false
	w.level[node] = level
	return nil
}

// arrows is a path in words.
func arrows(path []string) string { return strings.Join(path, " -> ") }
