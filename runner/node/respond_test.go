package node_test

import (
	"strings"
	"testing"

	"github.com/squallhq/squall/scenarios"
)

// A shaped answer arrives as it was said, to the byte, and a gateway hands it on as it is.
func TestShapedAnswersPassAGateway(t *testing.T) {
	inWorld(t, func(w *world) {
		text := scenarios.Respond{Status: 201, Body: scenarios.Content{Text: `{"item": "{item}", "of": {"a": 1}}`}, Headers: map[string]string{"X-Item": "<{item}>"}}
		size := scenarios.Respond{Body: scenarios.Content{Size: 100_000}, Headers: map[string]string{"Content-Type": "image/png"}}
		w.start(scenarios.Node{Name: "shop", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
			{Match: "GET /items/{item}", Steps: []scenarios.Step{{Respond: &text}}},
			{Match: "GET /image", Steps: []scenarios.Step{{Respond: &size}}},
		}}})
		w.start(gatewayNode(scenarios.Route{Match: "/*", To: "shop"}), "shop")
		for _, at := range []string{"shop:80", "api:80"} {
			got := w.ask("GET", at+"/items/a%20b")
			if got.status != 201 || got.body != `{"item": "a b", "of": {"a": 1}}` || got.header.Get("X-Item") != "<a b>" || got.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s answered %s %v", at, got, got.header)
			}
			got = w.ask("GET", at+"/image")
			if len(got.body) != 100_000 || !strings.HasPrefix(got.body, "squall\nsquall\n") || got.header.Get("Content-Type") != "image/png" || got.header.Get("Content-Length") != "100000" {
				t.Errorf("%s answered %d bytes, %v", at, len(got.body), got.header)
			}
			if got := w.ask("HEAD", at+"/image"); got.body != "" || got.header.Get("Content-Length") != "100000" {
				t.Errorf("%s answered HEAD with %d bytes, %v", at, len(got.body), got.header)
			}
		}
	})
}
