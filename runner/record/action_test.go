package record

import "testing"

// An action is of the phases in which what it did was so.
func TestActionInPhases(t *testing.T) {
	t.Parallel()
	phases := []Phase{{Name: "a", EndS: 10}, {Name: "b", StartS: 10, EndS: 20}, {Name: "c", StartS: 20, EndS: 30}}
	until := func(at float64) *float64 { return &at }
	for name, c := range map[string]struct {
		action Action
		want   string
	}{
		"for a moment":      {Action{AtS: 12}, "b"},
		"taken back":        {Action{AtS: 2, UndoneS: until(12)}, "ab"},
		"in a phase":        {Action{AtS: 12, UndoneS: until(15)}, "b"},
		"until the end":     {Action{AtS: 12, Stays: true}, "bc"},
		"in the warm-up":    {Action{AtS: -1, Stays: true}, "abc"},
		"what it did":       {Action{AtS: 12, Phase: "c"}, "c"},
		"before it all":     {Action{AtS: -1}, ""},
		"at the begin of b": {Action{AtS: 10}, "b"},
	} {
		got := ""
		for _, p := range phases {
			if c.action.In(p) {
				got += p.Name
			}
		}
		if got != c.want {
			t.Errorf("%s: in %q, want %q", name, got, c.want)
		}
	}
}
