package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/scenarios/language/grammar"
)

// What a term names in code, a record has or a scenario may say: explain speaks of nothing that nothing yields.
func TestTermsNameWhatThereIs(t *testing.T) {
	fields, err := os.ReadFile("../../runner/record/testdata/fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	counted, err := os.ReadFile("../../runner/node/internal/service/work.go")
	if err != nil {
		t.Fatal(err)
	}
	roles, err := os.ReadFile("../../runner/node/internal/service/service.go")
	if err != nil {
		t.Fatal(err)
	}
	there := string(fields) + string(counted) + string(roles)
	toxics := []string{"average_size", "size_variation"} // attributes of toxiproxy's slicer
	for _, term := range report.Terms {
		for _, word := range regexp.MustCompile(`\b[a-z]+(_[a-z]+)+\b`).FindAllString(term.Meaning, -1) {
			key := slices.ContainsFunc(grammar.Reference(), func(k grammar.Key) bool { return k.Name == word })
			if !key && !slices.Contains(toxics, word) && !strings.Contains(there, word) {
				t.Errorf("%s speaks of %s, and there is no such thing", term.Name, word)
			}
		}
	}
}
