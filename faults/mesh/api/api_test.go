package api

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/meshtest"
)

// noProxies has the methods of Proxies; none may be called.
type noProxies interface{ mesh.Proxies }

// paperProxies is one proxy that is never served; it counts resets.
type paperProxies struct {
	noProxies
	proxy  mesh.Proxy
	resets int
}

func (p *paperProxies) Proxies() []mesh.Proxy { return []mesh.Proxy{p.proxy} }

func (p *paperProxies) Proxy(name string) (mesh.Proxy, error) {
	if name != p.proxy.Name {
		return mesh.Proxy{}, mesh.ErrNotFound
	}
	return p.proxy, nil
}

func (p *paperProxies) Reset() error {
	p.resets++
	return nil
}

func noStats(context.Context) ([]mesh.EdgeStats, error) { return nil, nil }

func TestAPIAnswersNoOtherWebOrigins(t *testing.T) {
	for name, c := range map[string]struct {
		Host   string
		header map[string]string
		status int
	}{
		"a client":                        {"127.0.0.1:8474", nil, 204},
		"by localhost":                    {"localhost:8474", nil, 204},
		"by an IPv6 address":              {"[::1]:8474", nil, 204},
		"without a port":                  {"127.0.0.1", nil, 204},
		"a browser's own page":            {"127.0.0.1:8474", map[string]string{"Origin": "http://127.0.0.1:8474", "User-Agent": "Mozilla/5.0", "Sec-Fetch-Site": "same-origin"}, 204},
		"a typed address":                 {"127.0.0.1:8474", map[string]string{"Sec-Fetch-Site": "none", "User-Agent": "Mozilla/5.0"}, 204},
		"a rebound name":                  {"evil.example:8474", nil, 403},
		"a name that starts like an IP":   {"127.0.0.1.evil.example:8474", nil, 403},
		"no host":                         {"", nil, 403},
		"another origin":                  {"127.0.0.1:8474", map[string]string{"Origin": "https://evil.example"}, 403},
		"another port of this machine":    {"127.0.0.1:8474", map[string]string{"Origin": "http://127.0.0.1:80"}, 403},
		"an origin that hides itself":     {"127.0.0.1:8474", map[string]string{"Origin": "null"}, 403},
		"a cross-site read":               {"127.0.0.1:8474", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		"another port, without an origin": {"127.0.0.1:8474", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			proxies := &paperProxies{}
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/reset", nil)
			request.Host = c.Host
			for key, value := range c.header {
				request.Header.Set(key, value)
			}
			recorder := httptest.NewRecorder()
			New(proxies, noStats).ServeHTTP(recorder, request)
			if recorder.Code != c.status || (proxies.resets == 1) != (c.status == 204) {
				t.Errorf("answers %d after %d resets, want %d", recorder.Code, proxies.resets, c.status)
			}
		})
	}
}

func TestAPIShowsWhatToxiproxyClientsCanDecode(t *testing.T) {
	proxies := &paperProxies{proxy: mesh.Proxy{Name: "a-1:b-1", Listen: "127.0.0.1:1", Upstream: "127.0.0.1:2", Enabled: true, Toxics: []faults.Toxic{
		{Name: "slow", Stream: "upstream", Toxicity: 0.1, Per: "request", Attributes: faults.LatencyToxic{Latency: 800, Shape: "pareto"}},
		{Name: "huge", Stream: "downstream", Toxicity: 1, Per: "connection", Attributes: faults.LimitDataToxic{Bytes: 1 << 52}},
		{Name: "half", Stream: "downstream", Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 0.5}},
	}}}
	recorder := httptest.NewRecorder()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/proxies/a-1:b-1", nil)
	request.Host = "127.0.0.1"
	New(proxies, noStats).ServeHTTP(recorder, request)
	meshtest.Same(t, "JSON", `{"name":"a-1:b-1","listen":"127.0.0.1:1","upstream":"127.0.0.1:2","enabled":true,"toxics":[`+
		`{"attributes":{"jitter":0,"latency":800,"shape":"pareto"},"name":"slow","type":"latency","stream":"upstream","toxicity":0.1,"per":"request"},`+
		`{"attributes":{"bytes":4503599627370496},"name":"huge","type":"limit_data","stream":"downstream","toxicity":1},`+
		`{"attributes":{"jitter":0,"latency":0.5},"name":"half","type":"latency","stream":"downstream","toxicity":1}]}`,
		strings.TrimSpace(recorder.Body.String()))
}

func TestMetricsShowEveryEdge(t *testing.T) {
	stats := func(context.Context) ([]mesh.EdgeStats, error) {
		return []mesh.EdgeStats{{
			Name: `a-1:b-1`, Connections: 7, Open: 2, Failed: 1, Requests: 90, BytesUp: 1000, BytesDown: 2000,
			FirstBytes: 80, FirstByteTotal: 2500 * time.Millisecond,
		}}, nil
	}
	proxies := &paperProxies{proxy: mesh.Proxy{Name: "a-1:b-1", Listen: "127.0.0.1:1", Upstream: "127.0.0.1:2"}}
	server := httptest.NewServer(New(proxies, stats))
	defer server.Close()
	for range 2 { // a second scrape must not register anything twice
		response, err := http.Get(server.URL + "/metrics")
		meshtest.Check(t, err)
		data, err := io.ReadAll(response.Body)
		meshtest.Check(t, err)
		meshtest.Check(t, response.Body.Close())
		for _, line := range []string{
			`toxiproxy_proxy_received_bytes_total{direction="upstream",listener="127.0.0.1:1",proxy="a-1:b-1",upstream="127.0.0.1:2"} 1000`,
			`toxiproxy_proxy_sent_bytes_total{direction="downstream",listener="127.0.0.1:1",proxy="a-1:b-1",upstream="127.0.0.1:2"} 2000`,
			`squall_edge_connections_total{edge="a-1:b-1"} 7`,
			`squall_edge_open_connections{edge="a-1:b-1"} 2`,
			`squall_edge_failed_connections_total{edge="a-1:b-1"} 1`,
			`squall_edge_requests_total{edge="a-1:b-1"} 90`,
			`squall_edge_bytes_total{direction="downstream",edge="a-1:b-1"} 2000`,
			`squall_edge_first_byte_seconds_sum{edge="a-1:b-1"} 2.5`,
			`squall_edge_first_byte_seconds_count{edge="a-1:b-1"} 80`,
		} {
			if !strings.Contains(string(data), "\n"+line+"\n") {
				t.Errorf("metrics lack %s", line)
			}
		}
		if !strings.Contains(string(data), "\ngo_goroutines ") {
			t.Error("metrics lack the process's own")
		}
	}
}

func TestAddressesAreKnownByTheirOtherSpellings(t *testing.T) {
	for name, c := range map[string]struct {
		was, is string
		changed bool
	}{
		"the same":     {"127.0.0.1:80", "127.0.0.1:80", false},
		"localhost":    {"127.0.0.1:80", "localhost:80", false},
		"everywhere":   {"[::]:80", ":80", false},
		"another port": {"127.0.0.1:80", "localhost:81", true},
		"any port":     {"127.0.0.1:80", "127.0.0.1:0", true},
		"another host": {"127.0.0.1:80", "127.0.0.2:80", true},
		"no address":   {"127.0.0.1:80", "nonsense", true},
		"empty":        {"127.0.0.1:80", "", true},
	} {
		if got := changedListen(c.was, &c.is) != nil; got != c.changed {
			t.Errorf("%s: changed is %t", name, got)
		}
	}
	if changedListen("127.0.0.1:80", nil) != nil {
		t.Error("a listen that is not given counts as a change")
	}
}
