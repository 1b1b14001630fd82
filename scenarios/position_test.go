package scenarios

import (
	"os"
	"strings"
	"testing"
)

func TestPosition(t *testing.T) {
	data, err := os.ReadFile(yardstick)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	tests := map[string]struct {
		variant string
		path    []any
		want    string // what stands there
	}{
		"scalar":                  {"", path("scenario"), "payments-slow"},
		"mapping":                 {"", path("topology"), "topology:"},
		"node":                    {"", path("topology", "orders"), "orders:"},
		"scalar of a node":        {"", path("topology", "orders", "kind"), "service"},
		"item in flow":            {"", path("topology", "api", "routes", 1, "to"), "orders,  timeout: 1s"},
		"step":                    {"", path("topology", "orders", "endpoints", "POST /orders/{id}", 1), "call: payments"},
		"call":                    {"", path("topology", "orders", "endpoints", "POST /orders/{id}", 1, "call"), "payments POST /charge"},
		"list item":               {"", path("phases", 1, "faults", 0), "{latency: 800ms"},
		"selection":               {"", path("phases", 1, "faults", 0, "on"), "orders -> payments}"},
		"from a template":         {"", path("topology", "catalog", "timeout"), "500ms"},
		"from a template, nested": {"", path("topology", "catalog", "retry", "jitter"), "full"},
		"from a variant":          {"no-breaker", path("topology", "orders", "endpoints", "POST /orders/{id}", 1, "timeout"), "300ms}"},
		"not there":               {"", path("topology", "orders", "region"), "orders:"},
		"not there at all":        {"", path("nothing", 3, "at all"), "scenario: payments-slow"},
		"past the end":            {"", path("phases", 7), "phases:"},
		"of the wrong sort":       {"", path("topology", 0), "topology:"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := load(t, yardstick, test.variant).Position(test.path...)
			got := ""
			if p.Line >= 1 && p.Line <= len(lines) && p.Column <= len(lines[p.Line-1])+1 {
				got = lines[p.Line-1][p.Column-1:]
			}
			if p.File != yardstick || !strings.HasPrefix(got, test.want) {
				t.Errorf("%s is %s, where %q stands, want %q", test.path, p, got, test.want)
			}
		})
	}
	if got := (&Scenario{Name: "built"}).Position("topology"); got != (Position{File: "built"}) {
		t.Errorf("a scenario without a file has position %v", got)
	}
}

func TestRender(t *testing.T) {
	data := []byte("scenario: x\ntopology:\n  api:\n    kind: servise # not one\n\ttab: \"a b\"\n")
	problems := Problems{
		{Position{"f.yaml", 4, 11}, "wrong", "right"},
		{Position{"f.yaml", 5, 7}, "tabbed", ""},
		{Position{"f.yaml", 99, 1}, "beyond", ""},
		{Position{"f.yaml", 1, 99}, "aside", ""},
		{Position{}, "nowhere", ""},
	}
	want := `f.yaml:4:11: wrong; right
    3 |   api:
    4 |     kind: servise # not one
      |           ^^^^^^^

f.yaml:5:7: tabbed
    4 |     kind: servise # not one
    5 | 	tab: "a b"
      | 	     ^^^^^

f.yaml:99:1: beyond

f.yaml:1:99: aside
    1 | scenario: x

:0:0: nowhere
`
	if got := Render(problems, data); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
