package node_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/scenarios"
)

// A gateway hedges what is safe to do twice: the answer of the first to answer passes whole, however long its body takes. A POST waits.
func TestGatewayHedges(t *testing.T) {
	for _, balance := range []string{"", "random", "least_in_flight", "two_choices"} {
		t.Run(balance, func(t *testing.T) {
			inWorld(t, func(w *world) {
				body := strings.Repeat("whole ", 20000)
				var gets, posts atomic.Int64
				for n, wait := range []time.Duration{time.Second, 5 * ms} {
					name := fmt.Sprintf("leaf%d", n+1)
					w.leaf(name, func(rw http.ResponseWriter, r *http.Request) {
						if r.Method == "GET" {
							gets.Add(1)
						} else {
							posts.Add(1)
						}
						select {
						case <-time.After(wait):
						case <-r.Context().Done():
							return
						}
						fmt.Fprint(rw, body[:60000])
						rw.(http.Flusher).Flush()
						time.Sleep(100 * ms)
						fmt.Fprint(rw, body[60000:])
					})
				}
				api := scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "leaf"}}}}
				api.Policy = scenarios.Policy{Balance: balance, Hedge: &scenarios.Hedge{After: 20 * ms}, Bulkhead: &scenarios.Bulkhead{Most: 2}}
				c := w.config(api)
				c.Upstreams["leaf"] = []node.Upstream{
					{Instance: "leaf-1", Address: "leaf1:80", Kind: scenarios.KindService},
					{Instance: "leaf-2", Address: "leaf2:80", Kind: scenarios.KindService},
				}
				start(w.t, w.network, c)
				for range 10 {
					got := w.ask("GET", "api:80/")
					if got.status != 200 || got.body != body {
						t.Fatalf("got %d with %d bytes, want 200 with %d", got.status, len(got.body), len(body))
					}
					if got.took != 105*ms && got.took != 125*ms {
						t.Errorf("took %s, want 105ms at the fast replica, 125ms from the slow one on", got.took)
					}
				}
				hedges := w.stats("api").Counters["squall_hedges_total"]
				if float64(gets.Load()) != 10+hedges || hedges > 10 {
					t.Errorf("%d attempts for 10 requests and %g hedges", gets.Load(), hedges)
				}
				for range 4 {
					w.ask("POST", "api:80/")
				}
				if posts.Load() != 4 {
					t.Errorf("%d attempts for 4 POST requests", posts.Load())
				}
				w.counters("api", map[string]float64{"squall_bulkhead_rejected_total": 0, "squall_hedges_total": hedges, "squall_hedges_won_total": hedges})
			})
		})
	}
}

// A place in a gateway's bulkhead is taken until the answer's last byte has passed; a failed attempt's is free for the retry.
func TestBulkheadHoldsForTheBody(t *testing.T) {
	inWorld(t, func(w *world) {
		attempts := 0
		w.leaf("leaf", func(rw http.ResponseWriter, r *http.Request) {
			if attempts++; attempts == 1 {
				rw.WriteHeader(500)
				fmt.Fprint(rw, "failed")
				return
			}
			rw.(http.Flusher).Flush()
			time.Sleep(300 * ms)
			fmt.Fprint(rw, "done")
		})
		api := scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "leaf"}}}}
		api.Policy = scenarios.Policy{Retry: &scenarios.Retry{Attempts: 2}, Bulkhead: &scenarios.Bulkhead{Most: 1}}
		w.start(api, "leaf")
		first := make(chan answer)
		go func() { first <- w.ask("GET", "api:80/") }()
		time.Sleep(200 * ms)
		if got := w.ask("GET", "api:80/"); got.status != 503 || got.took != 0 {
			t.Errorf("got %s while the first answer passes, want 503 at once", got)
		}
		if got := <-first; got.status != 200 || got.body != "done" || got.took != 300*ms {
			t.Errorf("got %s, want 200 after 300ms", got)
		}
		if got := w.ask("GET", "api:80/"); got.status != 200 {
			t.Errorf("got %s when the place was free, want 200", got)
		}
	})
}
