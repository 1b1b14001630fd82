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
