package page

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/squallhq/squall/report/answer"
)

// The page of an answer is whole, asks for nothing, has no script, and lets in no style but its own; names are text.
func TestAnswerPage(t *testing.T) {
	limit := 5.0
	spelled := func(v float64) string { return fmt.Sprint(v) }
	a := &answer.Answer{Title: "shop <b>", Untold: "too few", Sentences: []string{"a & b"}, Notes: []string{"n"}, Method: []string{"m"}, Parts: []answer.Part{
		{Table: &answer.Table{Title: "COST", Columns: []answer.Column{{Name: "a"}, {Name: "b", Beside: "against a"}}, Note: "note",
			Rows: []answer.Row{{Name: "p50", Cells: []answer.Cell{{Text: "1", Look: answer.Good}, {Text: "2", Beside: "+1", Look: answer.Bad}}}}}},
		{Curve: &answer.Curve{Title: "p99", Limit: &limit, Expected: "< 5", Cross: []float64{1.5}, SpellX: spelled, SpellY: spelled,
			Lines: []answer.Line{{Name: "one", Points: []answer.Point{{X: 1, Y: 4, Low: 3, High: 5}, {X: 2, Y: 6, Low: 6, High: 7}}}, {Name: "two", Points: []answer.Point{{X: 1, Y: 1, Low: 1, High: 1}}}}}}}}
	var b bytes.Buffer
	if err := Answer(&b, a); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	style, policy := "", ""
	for _, p := range parts(t, b.String()) {
		seen[p.name]++
		switch {
		case p.name == "style":
			style = p.text
		case p.attributes["http-equiv"] != "":
			policy = p.attributes["content"]
		}
		if p.attributes["style"] != "" || p.attributes["src"] != "" || p.attributes["href"] != "" {
			t.Errorf("<%s> has what the policy forbids: %v", p.name, p.attributes)
		}
	}
	if seen["script"] != 0 || seen["b"] != 0 || seen["circle"] != 3 || seen["table"] != 1 || seen["small"] != 2 {
		t.Errorf("%v", seen)
	}
	if want := "default-src 'none'; style-src " + hashOf(style) + "; base-uri 'none'; form-action 'none'"; policy != want {
		t.Errorf("policy %s, want %s", policy, want)
	}
	for _, want := range []string{"shop &lt;b&gt;", "a &amp; b", "too few", "✗ +1", "✓ 1", "expected &lt; 5"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in the page", want)
		}
	}
}
