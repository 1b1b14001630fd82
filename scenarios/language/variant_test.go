package language

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// A variant has the patches of those that it extends before its own, each once.
func TestVariantsExtendVariants(t *testing.T) {
	budgetOf := func(r scenarios.Retry) float64 {
		if r.Budget == nil {
			return 0
		}
		return *r.Budget
	}
	for _, c := range []struct {
		variant  string
		timeout  time.Duration
		attempts int
		budget   float64
		rate     float64
	}{
		{"", 0, 0, 0, 10},
		{"timeouts", time.Second, 0, 0, 10},
		{"retries", time.Second, 3, 0, 10},
		{"bounded", time.Second, 3, 0.1, 10},
		{"patient", 2 * time.Second, 0, 0, 10},
		{"both", 2 * time.Second, 3, 0.1, 20},
		{"less", 2 * time.Second, 0, 0, 20},
	} {
		t.Run(c.variant, func(t *testing.T) {
			s := load(t, "testdata/valid/variant-extends.yaml", c.variant)
			shop := s.Node("shop")
			var retry scenarios.Retry
			if shop.Retry != nil {
				retry = *shop.Retry
			}
			if shop.Timeout != c.timeout || retry.Attempts != c.attempts || budgetOf(retry) != c.budget || s.Loads[0].Rate != c.rate {
				t.Errorf("timeout %s, attempts %d, budget %g, rate %g", shop.Timeout, retry.Attempts, budgetOf(retry), s.Loads[0].Rate)
			}
		})
	}
}
