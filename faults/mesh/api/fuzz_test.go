package api

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/port"
	"github.com/squallhq/squall/runner/wire"
)

// onlyLoopback listens on free ports of this machine's loopback, whatever it is asked for.
type onlyLoopback struct{ wire.Network }

func (n onlyLoopback) Listen(ctx context.Context, _, _ string) (net.Listener, error) {
	return n.Network.Listen(ctx, "tcp", "127.0.0.1:0")
}

// FuzzAPI sends any method, path and body: the answer is never a server's error, a body of ours is
// always JSON, and nothing panics.
func FuzzAPI(f *testing.F) {
	for _, c := range exchanges {
		f.Add(c.method, c.path, c.body)
	}
	f.Add("PATCH", "/proxies/p/toxics/t", `{"toxicity":1e309,"attributes":{"latency":-0.0,"shape":[]}}`)
	f.Add("POST", "/proxies/p/toxics", `{"type":"latency","per":"sometimes","attributes":null}`)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		m := mesh.New(mesh.Options{Network: onlyLoopback{port.TCP{}}})
		defer func() { _ = m.Close() }()
		if _, err := m.CreateProxy(t.Context(), mesh.Proxy{Name: "p", Listen: "127.0.0.1:0", Upstream: "127.0.0.1:9", Enabled: true}); err != nil {
			t.Fatal(err)
		}
		handler := New(m, m.Stats)
		for _, c := range []exchangeCase{
			{method: "POST", path: "/proxies/p/toxics", body: `{"name":"t","type":"latency","attributes":{"latency":1}}`},
			{method: method, path: path, body: body},
			{method: method, path: path, body: body},
		} {
			request, err := http.NewRequestWithContext(t.Context(), c.method, "http://127.0.0.1"+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Skip("no HTTP request")
			}
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, request)
			if recorder.Code >= 500 {
				t.Errorf("%s %s %q: %d %s", c.method, c.path, c.body, recorder.Code, recorder.Body)
			}
			isJSON := recorder.Header().Get("Content-Type") == "application/json"
			if isJSON && recorder.Body.Len() > 0 && !json.Valid(recorder.Body.Bytes()) {
				t.Errorf("%s %s %q: %q is no JSON", c.method, c.path, c.body, recorder.Body)
			}
		}
	})
}
