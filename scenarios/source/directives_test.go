package source

import (
	"strings"
	"testing"
)

// A directive of YAML 1.2 is taken, others are refused with what would be right, and positions stay.
func TestYAMLVersion(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"none":           {"a: 1\n", ""},
		"1.1":            {"%YAML 1.1\n---\na: 1\n", ""},
		"1.2":            {"%YAML 1.2\n---\na: 1\n", ""},
		"1.2 said after": {"# x\n\n%YAML 1.2 # y\r\n---\na: 1\n", ""},
		"a byte order":   {"\ufeff%YAML 1.2\n---\na: 1\n", ""},
		"1.3":            {"# x\n%YAML 1.3\n---\na: 1\n", "x.yaml:2:1: YAML 1.3 is not known here; write %YAML 1.2, or leave the line out"},
		"text":           {"a: |\n  %YAML 2.0\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			v, problems := Read("x.yaml", []byte(test.text))
			if problems.Error() != test.want {
				t.Fatalf("got %q, want %q", problems.Error(), test.want)
			}
			if test.want != "" {
				return
			}
			if line := 1 + strings.Count(test.text[:strings.Index(test.text, "a:")], "\n"); v.Entry("a").At != (Place{line, 1}) {
				t.Errorf("a stands at %v, want line %d", v.Entry("a").At, line)
			}
		})
	}
}
