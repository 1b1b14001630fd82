package load_test

import (
	"testing"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/record"
)

// The generator and the nodes may not import each other, and must mean the same headers.
func TestHeadersAreTheNodes(t *testing.T) {
	t.Parallel()
	for ours, nodes := range map[string]string{
		record.HeaderRequest: node.HeaderRequest, record.HeaderLoad: node.HeaderLoad,
		record.HeaderDegraded: node.HeaderDegraded, record.HeaderWrote: node.HeaderWrote, record.HeaderPriority: node.HeaderPriority, record.HeaderTenant: node.HeaderTenant,
	} {
		if ours != nodes {
			t.Errorf("the generator says %q, nodes say %q", ours, nodes)
		}
	}
}
