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

// A variant that should fail keeps what the scenario expects; one that builds on it should too, unless it expects something else.
func TestVariantsThatShouldFail(t *testing.T) {
	const text = `
scenario: s
topology: {shop: {kind: service, endpoints: {GET /: [{work: 1ms}]}}}
load: {users: {to: shop, rate: 10/s, requests: [{send: GET /}]}}
phases: [{name: steady, for: 1s}]
expect: [{in: steady, success: ">= 99%"}]
variants:
  bare: {expect: fail}
  barer: {extends: bare, load: {users: {rate: 20/s}}}
  kept: {extends: bare, expect: [{in: steady, success: ">= 1%"}, {in: steady, ok: ">= 1%"}]}
  none: {load: {users: {rate: 30/s}}}
`
	for _, c := range []struct {
		variant string
		fail    bool
		expect  int
	}{{"", false, 1}, {"bare", true, 1}, {"barer", true, 1}, {"kept", false, 2}, {"none", false, 1}} {
		doc, err := Parse("s.yaml", []byte(text), c.variant)
		if err != nil {
			t.Fatal(err)
		}
		if doc.ShouldFail != c.fail || len(doc.Expect) != c.expect {
			t.Errorf("%q: should fail %v, expects %d lines", c.variant, doc.ShouldFail, len(doc.Expect))
		}
		asRun, err := doc.AsRun(1)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse("s.yaml", asRun, ""); err != nil || len(again.Expect) != c.expect {
			t.Errorf("%q as run: %v", c.variant, err)
		}
	}
}
