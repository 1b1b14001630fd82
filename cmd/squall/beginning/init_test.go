package beginning

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/examples/patterns"
	"github.com/squallhq/squall/scenarios/language"
)

// On a terminal what no flag has said is asked, once each; an empty answer and an end of the answers are the default.
func TestQuestions(t *testing.T) {
	defaults := answers{name: "shop", path: "/", rate: "20/s", port: 8080}
	for _, c := range []struct {
		typed string
		said  string
		want  answers
		asked int
	}{
		{"", "", defaults, 5},
		{"till\nx/till:2\n3000\n/sales\n5/s\nyes\n", "", answers{"till", "x/till:2", "/sales", "5/s", 3000, true}, 6},
		{"\nnone\n\n\ny\n", "", answers{"shop", "", "/", "20/s", 8080, true}, 5},
		{"till\n", "rate", answers{"till", "", "/", "20/s", 8080, false}, 4},
	} {
		got := defaults
		var out strings.Builder
		if err := got.ask(strings.NewReader(c.typed), &out, func(flag string) bool { return flag == c.said }); err != nil {
			t.Fatal(err)
		}
		if got != c.want || strings.Count(out.String(), "?") != c.asked {
			t.Errorf("%q gives %s\nafter %s", c.typed, cmp.Diff(c.want, got, cmp.AllowUnexported(answers{})), out.String())
		}
		if problems := language.Check("scenario", []byte(headed(got.scenario()))); len(problems) > 0 {
			t.Errorf("%+v makes\n%s\n%v", got, got.scenario(), problems)
		}
	}
	wrong := defaults
	if err := wrong.ask(strings.NewReader("\nx\nmany\n"), &strings.Builder{}, func(string) bool { return false }); err == nil {
		t.Error("a port that is no number is taken")
	}
}

// Every pattern of the library can be started from, says what it shows, and validates with the head that it is given.
func TestPatterns(t *testing.T) {
	if len(patterns.Names()) < 100 {
		t.Errorf("%d patterns", len(patterns.Names()))
	}
	for _, name := range patterns.Names() {
		text, _ := patterns.Text(name)
		if patterns.About(name) == "" {
			t.Errorf("%s says nothing about itself", name)
		}
		if _, err := language.Parse(name, []byte(headed(text)), ""); err != nil {
			t.Error(err)
		}
	}
}
