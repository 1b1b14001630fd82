package node_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// A request's priority reaches the last service of its way, and one of low priority is shed there for a high one.
func TestPriorityIsHandedOn(t *testing.T) {
	inWorld(t, func(w *world) {
		var got []string
		w.leaf("leaf", func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.Header.Get(wire.HeaderPriority)) })
		w.start(service("s", "GET /", calls("leaf")), "leaf")
		w.start(scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "s"}}}}, "s")
		w.start(scenarios.Node{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "api"}}, "api")
		w.ask("GET", "edge:80/", wire.HeaderPriority, "low")
		w.ask("GET", "edge:80/")
		if len(got) != 2 || got[0] != "low" || got[1] != "" {
			t.Errorf("the leaf saw %q, want low and none", got)
		}
	})
	inWorld(t, func(w *world) {
		n := service("s", "GET /", work(100*ms))
		n.Workers, n.Queue = 1, new(1)
		w.start(n)
		go w.ask("GET", "s:80/")
		time.Sleep(ms)
		low := make(chan answer, 1)
		go func() { low <- w.ask("GET", "s:80/", wire.HeaderPriority, "low") }()
		time.Sleep(ms)
		if a := w.ask("GET", "s:80/"); a.status != 200 || a.took != 198*ms {
			t.Errorf("high: %s, want 200 after 198ms", a)
		}
		if a := <-low; a.status != 503 || a.took != ms {
			t.Errorf("low: %s, want 503 after 1ms", a)
		}
		w.counters("s", map[string]float64{"squall_shed_total": 1, "squall_shed_low_total": 1, "squall_queued_total": 2})
	})
}

// A server that does not look works on for a client that left while it waited.
func TestAbandonedRequestsAreServed(t *testing.T) {
	for _, test := range []struct {
		abandoned string
		worked    float64
	}{{"drop", .1}, {"serve", .2}} {
		t.Run(test.abandoned, func(t *testing.T) {
			inWorld(t, func(w *world) {
				n := service("s", "GET /", work(100*ms))
				n.Workers, n.Abandoned = 1, test.abandoned
				w.start(n)
				go w.ask("GET", "s:80/")
				time.Sleep(ms)
				ctx, cancel := context.WithTimeout(w.t.Context(), 10*ms)
				defer cancel()
				if a, err := w.try(ctx, "GET", "s:80/"); err == nil {
					t.Errorf("got %s", a)
				}
				time.Sleep(time.Second)
				w.counters("s", map[string]float64{"squall_work_seconds_total": test.worked, "squall_workers_busy": 0})
			})
		})
	}
}
