package runner

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// The whole digest tells topologies apart, that of what is asked tells loads and phases apart; neither cares for names, seeds and expectations.
func TestDigests(t *testing.T) {
	t.Parallel()
	base := func() *scenarios.Scenario {
		return &scenarios.Scenario{Name: "s", Nodes: []*scenarios.Node{{Name: "a"}}, Loads: []*scenarios.Load{{Name: "users", Rate: 5}},
			Phases: []*scenarios.Phase{{Name: "steady", For: time.Second}}}
	}
	whole, asked, err := digests(base())
	if err != nil || whole == "" || asked == "" {
		t.Fatal(whole, asked, err)
	}
	for name, c := range map[string]struct {
		change       func(*scenarios.Scenario)
		whole, asked bool
	}{
		"nothing":      {func(*scenarios.Scenario) {}, true, true},
		"name":         {func(s *scenarios.Scenario) { s.Variant, s.Seed, s.About, s.Variants = "v", 9, "a", []string{"v"} }, true, true},
		"expectations": {func(s *scenarios.Scenario) { s.Expect = []scenarios.Expectation{{Text: "x", Line: 3}} }, true, true},
		"topology":     {func(s *scenarios.Scenario) { s.Nodes[0].Replicas = 3 }, false, true},
		"load":         {func(s *scenarios.Scenario) { s.Loads[0].Rate = 6 }, false, false},
		"phases":       {func(s *scenarios.Scenario) { s.Phases[0].For = time.Minute }, false, false},
	} {
		s := base()
		c.change(s)
		w, a, err := digests(s)
		if err != nil || (w == whole) != c.whole || (a == asked) != c.asked {
			t.Errorf("%s: whole the same %v, asked the same %v, %v", name, w == whole, a == asked, err)
		}
	}
}
