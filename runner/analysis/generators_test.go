package analysis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
)

// Of several generators the one that was lost, was late or lost its clock is named; the others don't hide it.
func TestGeneratorChecks(t *testing.T) {
	t.Parallel()
	none, back, few := 0., -700., int64(100)
	fine := record.GeneratorPart{Name: "generator-1", Intended: 1000, Sent: 1000, LagMs: record.Lag{P99: 1}, DriftMs: &none, UncertaintyMs: .05, Ended: "done"}
	for name, c := range map[string]struct {
		change func(*record.GeneratorPart)
		failed string
		says   []string
	}{
		"fine":         {func(*record.GeneratorPart) {}, "", nil},
		"lost":         {func(g *record.GeneratorPart) { g.Ended, g.DriftMs, g.Unknown, g.Unsent = "lost: killed", nil, 7, 400 }, "generators lasted", []string{"generator-2 was lost: killed", "of 7 requests", "400 were not sent"}},
		"late":         {func(g *record.GeneratorPart) { g.LagMs.P99, g.SilentMs = 3000, 3100 }, "each generator kept its schedule", []string{"generator-2", "3000.0 ms", "silent for 3100.0 ms"}},
		"unsent":       {func(g *record.GeneratorPart) { g.Unsent = 11 }, "each generator kept its schedule", []string{"generator-2", "11 of 1000"}},
		"far":          {func(g *record.GeneratorPart) { g.UncertaintyMs = 101 }, "generators' clocks", []string{"generator-2", "101.000 ms", "at most 100.000 ms"}},
		"set back":     {func(g *record.GeneratorPart) { g.DriftMs, g.UncertaintyMs = &back, 700.1 }, "generators' clocks", []string{"generator-2", "changed by -700.000 ms"}},
		"does not say": {func(g *record.GeneratorPart) { g.DriftMs = nil }, "generators' clocks", []string{"generator-2", "unknown"}},
		"no room":      {func(g *record.GeneratorPart) { g.Descriptors, g.MaxInFlight = &few, 50 }, "generators' descriptors", []string{"generator-2", "114", "100 are allowed"}},
	} {
		other := fine
		other.Name = "generator-2"
		c.change(&other)
		for _, check := range analysis.GeneratorChecks([]record.GeneratorPart{fine, other}, 10*time.Second) {
			if check.OK != (check.Name != c.failed) {
				t.Errorf("%s: %+v", name, check)
			}
			for _, word := range c.says {
				if check.Name == c.failed && (!strings.Contains(check.Text, word) || strings.Contains(check.Text, "generator-1")) {
					t.Errorf("%s: %q, want %q of generator-2 alone", name, check.Text, word)
				}
			}
		}
	}
	if analysis.GeneratorChecks(nil, time.Second) != nil {
		t.Error("one generator is several")
	}
}
