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
		path    Path
		want    string // what stands there
	}{
		"scalar":                  {"", At("scenario"), "payments-slow"},
		"mapping":                 {"", At("topology"), "topology:"},
		"node":                    {"", At("topology", "orders"), "orders:"},
		"scalar of a node":        {"", At("topology", "orders", "kind"), "service"},
		"item in flow":            {"", At("topology", "api", "routes").Item(1).Key("to"), "orders,  timeout: 1s"},
		"step":                    {"", At("topology", "orders", "endpoints", "POST /orders/{id}").Item(1), "call: payments"},
		"call":                    {"", At("topology", "orders", "endpoints", "POST /orders/{id}").Item(1).Key("call"), "payments POST /charge"},
		"list item":               {"", At("phases").Item(1).Key("faults").Item(0), "{latency: 800ms"},
		"selection":               {"", At("phases").Item(1).Key("faults").Item(0).Key("on"), "orders -> payments}"},
		"from a template":         {"", At("topology", "catalog", "timeout"), "500ms"},
		"from a template, nested": {"", At("topology", "catalog", "retry", "jitter"), "full"},
		"from a variant":          {"no-breaker", At("topology", "orders", "endpoints", "POST /orders/{id}").Item(1).Key("timeout"), "300ms}"},
		"not there":               {"", At("topology", "orders", "region"), "orders:"},
		"not there at all":        {"", At("nothing").Item(3).Key("at all"), "scenario: payments-slow"},
		"past the end":            {"", At("phases").Item(7), "phases:"},
		"of the wrong sort":       {"", At("topology").Item(0), "topology:"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := document(t, yardstick, test.variant).Position(test.path)
			got := ""
			if p.Line >= 1 && p.Line <= len(lines) && p.Column <= len(lines[p.Line-1])+1 {
				got = lines[p.Line-1][p.Column-1:]
			}
			if p.File != yardstick || !strings.HasPrefix(got, test.want) {
				t.Errorf("%s is %s, where %q stands, want %q", test.path, p, got, test.want)
			}
		})
	}
}
