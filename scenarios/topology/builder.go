package topology

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// builder is a plan in the making, with the mistakes found so far.
type builder struct {
	*Plan
	change   Changer
	graph    graph
	names    *Names
	problems Problems
	// byName finds instances by name, byNode by their node's: both are indexes into Instances.
	byName map[string]int
	byNode map[string][]int
	// byEdge finds edges by name: indexes into Edges.
	byEdge map[string]int
	// hit are the nodes that a load can reach.
	// Images count as reached: what they do is not ours to know.
	hit map[string]bool
	// places are the faults' paths in the scenario, in the order of Faults.
	places []scenarios.Path
}

// problem reports a mistake at a path of the scenario, as in scenarios.At("phases").Item(1).
func (b *builder) problem(path scenarios.Path, fix, what string, args ...any) {
	b.problems = append(b.problems, Problem{At: path, What: fmt.Sprintf(what, args...), Fix: fix})
}

func (b *builder) warn(format string, args ...any) {
	b.Warnings = append(b.Warnings, fmt.Sprintf(format, args...))
}

// choices lists the nodes that there are, for whoever named one that is not.
func (b *builder) choices() string {
	names := make([]string, 0, len(b.Scenario.Nodes))
	for _, n := range b.Scenario.Nodes {
		names = append(names, n.Name)
	}
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("there are %s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return "there are " + strings.Join(names, ", ")
}
