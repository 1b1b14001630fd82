package topology

import (
	"fmt"
	"strings"
)

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
