package api

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/meshtest"
)

// exchangeCase is one request that both servers get, in the order of the table.
type exchangeCase struct {
	method, path, body string
	// ours, where it is given, is our answer where toxiproxy's isn't sound; why says so.
	ours *apiAnswer
	why  string
}

type apiAnswer struct {
	Status int
	// Body is decoded JSON, with the ports that were taken written as PORT; nil where there is none.
	Body any
}

func refusal(status int, message string) *apiAnswer {
	return &apiAnswer{status, map[string]any{"error": message, "status": float64(status)}}
}

// exchanges go through every route, with right and wrong requests. What a request leaves behind
// is there for the next ones.
var exchanges = []exchangeCase{
	{method: "GET", path: "/proxies"},
	{method: "POST", path: "/proxies", body: `{"name":"a-1:b-1","listen":"127.0.0.1:0","upstream":"127.0.0.1:9"}`},
	{method: "POST", path: "/proxies", body: `{"name":"a-1:b-1","listen":"127.0.0.1:0","upstream":"127.0.0.1:9"}`},
	{method: "POST", path: "/proxies", body: `{"name":"off","listen":"127.0.0.1:0","upstream":"localhost:9","enabled":false}`},
	{method: "POST", path: "/proxies", body: `{"listen":"127.0.0.1:0","upstream":"127.0.0.1:9"}`},
	{method: "POST", path: "/proxies", body: `{"name":"x"}`},
	{method: "POST", path: "/proxies", body: `{`},
	{method: "POST", path: "/proxies", body: ``},
	{method: "GET", path: "/proxies"},
	{method: "GET", path: "/proxies/a-1:b-1"},
	{method: "GET", path: "/proxies/a-1%3Ab-1"},
	{method: "GET", path: "/proxies/nobody"},
	{method: "POST", path: "/proxies/nobody", body: `{}`},
	{method: "PATCH", path: "/proxies/nobody", body: `{}`},
	{method: "DELETE", path: "/proxies/nobody"},

	{method: "GET", path: "/proxies/a-1:b-1/toxics"},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":"latency","attributes":{"latency":100}}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":"latency","attributes":{"latency":100,"jitter":5}}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"name":"up","type":"bandwidth","stream":"upstream","toxicity":0.5,"attributes":{"rate":1000}}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":"slow_close","attributes":{"delay":10}}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":"timeout","stream":"upstream","attributes":{"timeout":10}}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":"reset_peer","attributes":{"timeout":10}}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":"slicer","attributes":{"average_size":64,"size_variation":32,"delay":10}}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":"limit_data","toxicity":0,"attributes":{"bytes":1000}}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"name":"bare","type":"timeout"}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":"earthquake"}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":"latency","stream":"sideways"}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics", body: `{"type":`},
	{method: "POST", path: "/proxies/nobody/toxics", body: `{"type":"latency"}`},
	{method: "GET", path: "/proxies/a-1:b-1/toxics"},
	{method: "GET", path: "/proxies/a-1:b-1/toxics/latency_downstream"},
	{method: "GET", path: "/proxies/a-1:b-1/toxics/nothing"},
	{method: "GET", path: "/proxies/nobody/toxics/nothing"},
	{method: "PATCH", path: "/proxies/a-1:b-1/toxics/latency_downstream", body: `{"attributes":{"latency":20}}`},
	{method: "POST", path: "/proxies/a-1:b-1/toxics/latency_downstream", body: `{"toxicity":0.25,"attributes":{"jitter":7}}`},
	{method: "PATCH", path: "/proxies/a-1:b-1/toxics/latency_downstream", body: `{}`},
	{method: "PATCH", path: "/proxies/a-1:b-1/toxics/latency_downstream", body: `nonsense`},
	{method: "PATCH", path: "/proxies/a-1:b-1/toxics/nothing", body: `{}`},
	{method: "PATCH", path: "/proxies/nobody/toxics/nothing", body: `{}`},
	{method: "DELETE", path: "/proxies/a-1:b-1/toxics/nothing"},
	{method: "DELETE", path: "/proxies/nobody/toxics/nothing"},
	{method: "DELETE", path: "/proxies/a-1:b-1/toxics/slow_close_downstream"},
	{method: "DELETE", path: "/proxies/a-1:b-1/toxics/slow_close_downstream"},
	{method: "GET", path: "/proxies/a-1:b-1"},

	{method: "POST", path: "/proxies/a-1:b-1", body: `{"enabled":false}`},
	{method: "GET", path: "/proxies/a-1:b-1"},
	{method: "PATCH", path: "/proxies/a-1:b-1", body: `{"enabled":true}`},
	{method: "PATCH", path: "/proxies/a-1:b-1", body: `{"upstream":"127.0.0.1:10"}`},
	{method: "PATCH", path: "/proxies/a-1:b-1", body: `{"enabled":"maybe"}`},
	{method: "PATCH", path: "/proxies/off", body: `{"enabled":true}`},

	{method: "POST", path: "/populate", body: `[{"name":"p1","listen":"127.0.0.1:0","upstream":"127.0.0.1:9"},{"name":"p2","listen":"127.0.0.1:0","upstream":"127.0.0.1:9","enabled":false}]`},
	{method: "POST", path: "/proxies/p1/toxics", body: `{"type":"latency","attributes":{"latency":1}}`},
	{method: "POST", path: "/populate", body: `[{"name":"p1","listen":"127.0.0.1:0","upstream":"127.0.0.1:11"}]`},
	{method: "GET", path: "/proxies/p1"},
	{method: "POST", path: "/populate", body: `[{"name":"p3","listen":"127.0.0.1:0"}]`},
	{method: "POST", path: "/populate", body: `[{"name":"p3","listen":"127.0.0.1:0","upstream":"127.0.0.1:9"},{"upstream":"127.0.0.1:9"}]`},
	{method: "POST", path: "/populate", body: `{}`},
	{method: "POST", path: "/populate", body: `[]`},
	{method: "POST", path: "/reset"},
	{method: "GET", path: "/proxies"},
	{method: "DELETE", path: "/proxies/p1"},
	{method: "DELETE", path: "/proxies/p1"},
	{method: "GET", path: "/proxies"},

	// What toxiproxy accepts and should not.
	{method: "POST", path: "/proxies/p2/toxics", body: `{"type":"latency","attributes":{"latencty":100}}`,
		why: "a mistyped attribute is a fault that does nothing", ours: refusal(400, "attributes.latencty: ")},
	{method: "POST", path: "/proxies/p2/toxics", body: `{"name":"seven","type":"latency","toxicity":7,"attributes":{"latency":1}}`,
		why: "a toxicity is a chance", ours: refusal(400, "toxicity: ")},
	{method: "POST", path: "/proxies/p2/toxics", body: `{"type":"bandwidth","attributes":{"rate":-1}}`,
		why: "the first byte would end toxiproxy's process", ours: refusal(400, "attributes.rate: ")},
	{method: "POST", path: "/proxies/p2/toxics", body: `{"type":"slicer"}`,
		why: "the first byte would end toxiproxy's process", ours: refusal(400, "attributes.average_size: ")},
	{method: "POST", path: "/proxies/p2/toxics", body: `{"name":"s2","type":"slicer","attributes":{"average_size":1,"size_variation":100}}`,
		why: "the first byte would end toxiproxy's process", ours: refusal(400, "attributes.size_variation: ")},
}

func TestAPIAnswersAsToxiproxyDoes(t *testing.T) {
	oracle := httptest.NewServer(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()).Routes())
	defer oracle.Close()
	m := mesh.New(mesh.Options{})
	defer func() { _ = m.Close() }()
	ours := httptest.NewServer(New(m, m.Stats))
	defer ours.Close()
	for i, c := range exchanges {
		want, got := ask(t, oracle.URL, c), ask(t, ours.URL, c)
		name := c.method + " " + c.path + " " + c.body
		if c.why == "" {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d: %s (-toxiproxy +ours):\n%s", i, name, diff)
			}
			continue
		}
		if want.Status != http.StatusOK {
			t.Errorf("%d: %s: toxiproxy answers %v: the reason %q is out of date", i, name, want, c.why)
		}
		got.Body = shorten(got.Body, c.ours.Body)
		if diff := cmp.Diff(*c.ours, got); diff != "" {
			t.Errorf("%d: %s (-want +got):\n%s", i, name, diff)
		}
	}
}

// shorten cuts an error's text to the beginning that is expected.
func shorten(got, want any) any {
	g, ok := got.(map[string]any)
	if !ok {
		return got
	}
	text, expected := g["error"].(string), want.(map[string]any)["error"].(string)
	if strings.HasPrefix(text, expected) {
		g["error"] = expected
	}
	return g
}

// ask makes one request as toxiproxy's client does.
func ask(t *testing.T, server string, c exchangeCase) apiAnswer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), c.method, server+c.path, strings.NewReader(c.body))
	meshtest.Check(t, err)
	request.Header.Set("User-Agent", "toxiproxy-cli")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	meshtest.Check(t, err)
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	meshtest.Check(t, err)
	answer := apiAnswer{Status: response.StatusCode}
	if len(data) == 0 {
		return answer
	}
	if err := json.Unmarshal(data, &answer.Body); err != nil {
		t.Fatalf("%s %s: %q is no JSON: %v", c.method, c.path, data, err)
	}
	normalise(answer.Body)
	return answer
}

// normalise hides what may differ: ports that the system chose (ours also for a proxy that is made
// disabled, so that nobody takes its port before it is enabled), the Go types in the decoder's
// errors, and a field of toxiproxy's own that its JSON shows by mistake.
func normalise(v any) {
	switch v := v.(type) {
	case map[string]any:
		delete(v, "Logger")
		if text, ok := v["error"].(string); ok && strings.HasPrefix(text, "bad request body: ") {
			v["error"] = "bad request body: ..."
		}
		if listen, ok := v["listen"].(string); ok {
			v["listen"] = listen[:strings.LastIndex(listen, ":")+1] + "PORT"
		}
		for _, inner := range v {
			normalise(inner)
		}
	case []any:
		for _, inner := range v {
			normalise(inner)
		}
	}
}
