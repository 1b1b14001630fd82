package topology

import (
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// Cycles finds nodes that wait for each other; what a queue or a stream delivers nobody waits for.
func Cycles(nodes []*scenarios.Node, connections []scenarios.Connection) Problems {
	c := cycles{next: map[string][]scenarios.Connection{}, state: map[string]int{}}
	for _, one := range connections {
		if !one.Async && !one.FromLoad() {
			c.next[one.From] = append(c.next[one.From], one)
		}
	}
	for _, n := range nodes {
		if c.state[n.Name] == unseen {
			c.visit(n.Name)
		}
	}
	return c.found
}

// cycles is a depth-first search.
type cycles struct {
	next  map[string][]scenarios.Connection
	state map[string]int
	way   []scenarios.Connection
	found Problems
}

// The states of a node.
const (
	unseen = iota
	onWay
	done
)

func (c *cycles) visit(name string) {
	c.state[name] = onWay
	for _, one := range c.next[name] {
		c.way = append(c.way, one)
		switch c.state[one.To] {
		case onWay:
			c.report()
		case unseen:
			c.visit(one.To)
		}
		c.way = c.way[:len(c.way)-1]
	}
	c.state[name] = done
}

// report tells the end of the way, which runs in a circle.
func (c *cycles) report() {
	last := c.way[len(c.way)-1]
	start := slices.IndexFunc(c.way, func(one scenarios.Connection) bool { return one.From == last.To })
	var names []string
	for _, one := range c.way[start:] {
		names = append(names, one.From)
	}
	fix := "take one of the calls away, or put a queue in its place"
	if slices.ContainsFunc(c.way[start:], func(one scenarios.Connection) bool { return len(one.Path) > 2 && one.Path[2].Key == "depends_on" }) {
		fix = "take one of the calls or of depends_on away: what a node calls starts before it, too"
	}
	c.found = append(c.found, Problem{
		At:   last.Path,
		What: "these nodes wait for each other: " + strings.Join(append(names, last.To), " -> "),
		Fix:  fix,
	})
}
