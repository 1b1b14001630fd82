package topology

import (
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

// levels gives each node its start level: 0 for what waits for nobody, else one more than the
// highest that it waits for: that it calls, or depends on. A queue's or a stream's delivery does not count where it closes a cycle. Synchronous calls
// have no cycles: a scenario with one is refused before.
func (g graph) levels(nodes []*scenarios.Node, waits []scenarios.Connection) map[string]int {
	level := map[string]int{}
	out := map[string][]scenarios.Connection{}
	for _, c := range waits {
		out[c.From] = append(out[c.From], c)
	}
	var visit func(node string) int
	visit = func(node string) int {
		if l, done := level[node]; done {
			return l
		}
		l := 0
		for _, c := range out[node] {
			if !c.Async || !g.reached(c.To)[node] {
				l = max(l, visit(c.To)+1)
			}
		}
		level[node] = l
		return l
	}
	for _, n := range nodes {
		visit(n.Name)
	}
	return level
}
