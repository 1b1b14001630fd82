package language

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConnections(t *testing.T) {
	doc := document(t, "testdata/valid/everything.yaml", "")
	var got []string
	for _, c := range doc.Scenario.Connections() {
		arrow := "->"
		if c.Async {
			arrow = "~>"
		}
		got = append(got, fmt.Sprintf("%s %s %s %v", c.From, arrow, c.To, c.Path[2:]))
	}
	steps := "endpoints POST /orders/{id}"
	want := []string{
		"edge -> api [origin]",
		"api -> catalog [routes 0 to]",
		"api -> orders [routes 1 to]",
		"api -> legacy [routes 2 to]",
		"api -> orders-queue [routes 3 to]",
		"catalog -> catalog-db [endpoints GET /catalog/{item} 2 read]",
		"orders -> payments [" + steps + " 0 parallel 0 call]",
		"orders -> catalog [" + steps + " 0 parallel 1 call]",
		"orders -> orders-db [" + steps + " 1 write]",
		"orders -> orders-queue [" + steps + " 1 fallback write]",
		"orders -> legacy [" + steps + " 2 call]",
		"legacy -> catalog [calls 0]",
		"orders-queue ~> payments [to]",
		"shoppers -> edge [to]",
		"robots -> api [to]",
		"visitors -> edge [to]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
	for _, c := range doc.Scenario.Connections() {
		if p := doc.Position(c.Path); p.Line == 0 {
			t.Errorf("%v has no position", c)
		}
	}
}
