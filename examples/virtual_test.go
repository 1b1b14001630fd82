package examples

import (
	"strings"
	"testing"
)

// The virtual engine gives every example, with every variant, the verdict that it has in real time.
func TestVirtualVerdicts(t *testing.T) {
	for _, r := range runs {
		t.Run(strings.TrimSuffix(r.file, ".yaml")+"/"+r.variant, func(t *testing.T) {
			run(t, "virtual", r.file, r.variant, r.exit)
		})
	}
}
