package main

import (
	"strings"
	"testing"
)

// A mistyped word is answered with the fault or term that was meant, and with none where none is near.
func TestExplainSuggestsTheNearestWord(t *testing.T) {
	for word, want := range map[string]string{
		"latancy":         `did you mean "latency"?`,
		"refsue":          `did you mean "refuse"?`,
		"availabilty":     `did you mean "availability"?`,
		"intended reqest": `did you mean "intended request"?`,
		"zzzzzzzzzz":      "",
	} {
		c := explainCommand()
		c.SilenceErrors, c.SilenceUsage = true, true
		c.SetArgs(strings.Fields(word))
		err := c.Execute()
		if err == nil {
			t.Errorf("%q is explained", word)
			continue
		}
		if got := err.Error(); want == "" && strings.Contains(got, "did you mean") || !strings.Contains(got, want) {
			t.Errorf("%q: %s; want %q", word, got, want)
		}
	}
}

// A key is explained wherever it may stand, with the keys that it takes itself, and a kind of node with its own.
func TestExplainKeys(t *testing.T) {
	for word, wants := range map[string][]string{
		"circuit breaker": {"circuit_breaker, a key of a node", "Stops calling", "failures  The share"},
		"cache":           {"cache, a key of a node (cdn)", "cache, a key of a step", "kind: cache has"},
		"stream":          {"kind: stream has", "subscribers"},
		"latency":         {"Everything that passes arrives later", "in a report", "latency, a key of a link"},
		"extends":         {"a key of a variant"},
	} {
		var out strings.Builder
		c := explainCommand()
		c.SetOut(&out)
		c.SetArgs(strings.Fields(word))
		if err := c.Execute(); err != nil {
			t.Errorf("%q: %v", word, err)
		}
		for _, want := range wants {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q does not say %q:\n%s", word, want, out.String())
			}
		}
	}
}
