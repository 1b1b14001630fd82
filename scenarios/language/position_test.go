package language

import (
	"os"
	"strings"
	"testing"

	"github.com/squallhq/squall/scenarios"
)

func TestPosition(t *testing.T) {
	data, err := os.ReadFile(yardstick)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	tests := map[string]struct {
		variant string
		path    scenarios.Path
		want    string // what stands there
	}{
		"scalar":                  {"", scenarios.At("scenario"), "payments-slow"},
		"mapping":                 {"", scenarios.At("topology"), "topology:"},
		"node":                    {"", scenarios.At("topology", "orders"), "orders:"},
		"scalar of a node":        {"", scenarios.At("topology", "orders", "kind"), "service"},
		"item in flow":            {"", scenarios.At("topology", "api", "routes").Item(1).Key("to"), "orders,  timeout: 1s"},
		"step":                    {"", scenarios.At("topology", "orders", "endpoints", "POST /orders/{id}").Item(1), "call: payments"},
		"call":                    {"", scenarios.At("topology", "orders", "endpoints", "POST /orders/{id}").Item(1).Key("call"), "payments POST /charge"},
		"list item":               {"", scenarios.At("phases").Item(1).Key("faults").Item(0), "{latency: 800ms"},
		"selection":               {"", scenarios.At("phases").Item(1).Key("faults").Item(0).Key("on"), "orders -> payments}"},
		"from a template":         {"", scenarios.At("topology", "catalog", "timeout"), "500ms"},
		"from a template, nested": {"", scenarios.At("topology", "catalog", "retry", "jitter"), "full"},
		"from a variant":          {"no-breaker", scenarios.At("topology", "orders", "endpoints", "POST /orders/{id}").Item(1).Key("timeout"), "300ms}"},
		"not there":               {"", scenarios.At("topology", "orders", "region"), "orders:"},
		"not there at all":        {"", scenarios.At("nothing").Item(3).Key("at all"), "scenario: payments-slow"},
		"past the end":            {"", scenarios.At("phases").Item(7), "phases:"},
		"of the wrong sort":       {"", scenarios.At("topology").Item(0), "topology:"},
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
