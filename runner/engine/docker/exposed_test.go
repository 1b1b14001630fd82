package docker

import (
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
)

const tellingHAProxy = `defaults
	mode http
	timeout connect 2s
	timeout client 10s
	timeout server 10s
frontend web
	bind :8080
	http-request return status 200 content-type text/plain string "well"
frontend metrics
	bind :8404
	http-request use-service prometheus-exporter if { path /metrics }
`

// A real HAProxy tells Prometheus what it counts, on a port that no edge leads to: it is read all the same, as it is, no more than there is
// room for, and goes on over a restart.
func TestRealHAProxyTellsWhatItCounts(t *testing.T) {
	breadth.Today(t, 3, 4)
	inParallel(t)
	configuration := tellingHAProxy
	image := debimage.Ensure(t.Context(), t, debimage.HAProxy)
	proxy := func(name string, keep ...string) *scenarios.Node {
		return &scenarios.Node{Name: name, Kind: scenarios.KindImage, Image: image, Container: scenarios.Container{
			Port: 8080, Health: "/", Metrics: &scenarios.Exposed{Port: 8404, Keep: keep},
			Files: []*scenarios.File{{Target: "/usr/local/etc/haproxy/haproxy.cfg", Content: &configuration}},
		}}
	}
	s := launch(t, Options{}, load(planOf(proxy("p", "haproxy_frontend_http_requests_total", "haproxy_process_uptime_seconds"), proxy("all")), "users", "p"))
	observe := func() map[string]runner.NodeCounters {
		t.Helper()
		seen, err := s.Observe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return seen.Nodes
	}
	const requests = `haproxy_frontend_http_requests_total{proxy="web"}`
	before := observe()
	if n := before["p-1"]; n.Silent != "" || n.Counters[requests] < 1 || n.Absent != nil || len(n.Counters) > 5 {
		t.Fatalf("it tells %+v", n)
	}
	if n := before["all-1"]; n.Silent != "" || len(n.Counters) < 50 || len(n.Counters) > 100 || len(n.LeftOut) == 0 {
		t.Errorf("of everything it tells %d series, left out %q, %s", len(n.Counters), n.LeftOut, n.Silent)
	}
	visit := func(times int) {
		t.Helper()
		client := s.client("users:p-1")
		for range times {
			answer, err := client.Get("http://node/")
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("%v, %v", answer, err)
			}
			_ = answer.Body.Close()
		}
	}
	visit(7)
	after := observe()["p-1"]
	if n := after.Counters[requests] - before["p-1"].Counters[requests]; n != 7 {
		t.Errorf("seven requests are %g in its own words", n)
	}
	lift(t, s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "p-1"}))
	visit(2)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		now := observe()["p-1"]
		if n := now.Counters[requests] - after.Counters[requests]; now.Silent == "" && n >= 2 && n < 10 && now.Restarts == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after a restart it tells %+v, before %v", now, after.Counters[requests])
		}
	}
}
