package node_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// answering is a leaf that answers with a status after a time, and counts.
func (w *world) answering(name string, status int, after time.Duration) *atomic.Int64 {
	w.t.Helper()
	var n atomic.Int64
	w.leaf(name, func(rw http.ResponseWriter, r *http.Request) {
		n.Add(1)
		sent, _ := io.ReadAll(r.Body) //nolint:errcheck // what came is what is answered
		time.Sleep(after)
		rw.WriteHeader(status)
		io.WriteString(rw, name+" "+string(sent)) //nolint:errcheck // the test sees it
	})
	return &n
}

// What a call comes to at first and second, where second is asked after first has failed for good.
func TestFailover(t *testing.T) {
	retry := &scenarios.Retry{Attempts: 2, Backoff: 20 * ms}
	for _, r := range []struct {
		name          string
		first, second int
		after         time.Duration // first's
		policy        scenarios.Policy
		status        int
		took          time.Duration
		by            string
		calls         map[string]wire.CallCounters
	}{
		{name: "first is well", first: 200, second: 200, status: 200, calls: map[string]wire.CallCounters{"first-1": {Attempts: 1, Organic: 1}, "second-1": {}}},
		{name: "first fails", first: 500, second: 200, status: 200, by: "second",
			calls: map[string]wire.CallCounters{"first-1": {Attempts: 1, Organic: 1, Failures: 1}, "second-1": {Attempts: 1}}},
		{name: "first fails after its retries", first: 500, second: 200, policy: scenarios.Policy{Retry: retry}, status: 200, took: 20 * ms, by: "second",
			calls: map[string]wire.CallCounters{"first-1": {Attempts: 2, Organic: 1, Retries: 1, Failures: 2}, "second-1": {Attempts: 1}}},
		{name: "first hangs", first: 200, after: time.Second, second: 200, policy: scenarios.Policy{Timeout: 300 * ms}, status: 200, took: 300 * ms, by: "second",
			calls: map[string]wire.CallCounters{"first-1": {Attempts: 1, Organic: 1, Failures: 1}, "second-1": {Attempts: 1}}},
		{name: "first says no: that is an answer", first: 404, second: 200, status: 502,
			calls: map[string]wire.CallCounters{"first-1": {Attempts: 1, Organic: 1}, "second-1": {}}},
		{name: "both fail", first: 500, second: 503, status: 502,
			calls: map[string]wire.CallCounters{"first-1": {Attempts: 1, Organic: 1, Failures: 1}, "second-1": {Attempts: 1, Failures: 1}}},
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.answering("first", r.first, r.after)
				w.answering("second", r.second, 0)
				step := calls("first")
				step.Failover = scenarios.Failover{Failover: []string{"second"}}
				caller := service("caller", "GET /", step)
				caller.Policy = r.policy
				w.start(caller, "first", "second")
				got := w.ask("GET", "caller:80/")
				if got.status != r.status || got.took != r.took || got.header.Get(wire.HeaderFailover) != r.by || got.header.Get(wire.HeaderDegraded) != "" {
					t.Errorf("got %s by %q, want %d after %s by %q", got, got.header.Get(wire.HeaderFailover), r.status, r.took, r.by)
				}
				if diff := cmp.Diff(r.calls, w.stats("caller").Calls); diff != "" {
					t.Errorf("calls (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// First hangs for good. Its timeout is waited for by the calls that open the breaker, or eject its only replica, which is so at
// 1.9 s, and by one probe in each period after that: 5 + (10 - 1.9)/(2.5 + 0.3 + 0.1), whole ones, in 10 s of a call every 0.1 s.
// The others are answered by second at once.
func TestFailoverDoesNotWaitForWhatIsOut(t *testing.T) {
	for name, policy := range map[string]scenarios.Policy{
		"breaker open": {Breaker: &scenarios.Breaker{Failures: 1, Of: 5, OpenFor: 2500 * ms}},
		"all ejected":  {Choice: scenarios.Choice{Outliers: &scenarios.Outliers{Failures: 1, Of: 5, EjectFor: 2500 * ms, Longest: 2500 * ms}}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.answering("first", 200, 5*time.Second)
				second := w.answering("second", 200, 0)
				step := calls("first")
				step.Failover = scenarios.Failover{Failover: []string{"second"}}
				caller := service("caller", "GET /", step)
				caller.Policy = policy
				caller.Timeout = 300 * ms
				w.start(caller, "first", "second")
				waited := 0
				for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(100 * ms) {
					got := w.ask("GET", "caller:80/")
					if got.status != 200 || got.took != 0 && got.took != 300*ms {
						t.Fatalf("got %s", got)
					}
					if got.took > 0 {
						waited++
					}
				}
				if waited != 5+2 {
					t.Errorf("%d calls waited for the timeout, want 7", waited)
				}
				stats := w.stats("caller")
				if got := stats.Calls["second-1"]; got.Attempts != second.Load() || got.Organic != second.Load()-int64(waited) {
					t.Errorf("calls of second %+v, want those that first was not asked for to be organic", got)
				}
				w.counters("caller", map[string]float64{"squall_failovers_total": float64(second.Load()), "squall_degraded_total": 0})
			})
		})
	}
}

// A gateway sends the body again, a cdn takes another origin (and does not say so of its copies), and neither asks anybody
// once the client has left.
func TestFailoverAtTheEdge(t *testing.T) {
	inWorld(t, func(w *world) {
		w.answering("first", 500, 0)
		w.answering("second", 200, 0)
		w.start(scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{
			{Match: "/*", To: "first", Failover: scenarios.Failover{Failover: []string{"second"}}},
		}}}, "first", "second")
		request, err := http.NewRequest("POST", "http://api:80/", strings.NewReader("sent"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := w.client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body) //nolint:errcheck // it shows
		response.Body.Close()
		if response.StatusCode != 200 || string(body) != "second sent" || response.Header.Get(wire.HeaderFailover) != "second" {
			t.Errorf("gateway: %d %q by %q", response.StatusCode, body, response.Header.Get(wire.HeaderFailover))
		}
		w.start(scenarios.Node{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "first", Failover: scenarios.Failover{Failover: []string{"second"}},
			Cache: []scenarios.CacheRule{{Match: "GET /kept", TTL: time.Minute}}}}, "first", "second")
		for _, r := range []struct{ path, cache, by string }{{"/kept", "miss", "second"}, {"/kept", "hit", ""}, {"/other", "", "second"}} {
			got := w.ask("GET", "edge:80"+r.path)
			if got.status != 200 || got.body != "second " || got.header.Get(wire.HeaderCache) != r.cache || got.header.Get(wire.HeaderFailover) != r.by {
				t.Errorf("cdn %s: got %s, %q by %q", r.path, got, got.header.Get(wire.HeaderCache), got.header.Get(wire.HeaderFailover))
			}
		}
	})
	inWorld(t, func(w *world) {
		w.answering("first", 200, 2*time.Second)
		second := w.answering("second", 200, 0)
		step := calls("first")
		step.Failover = scenarios.Failover{Failover: []string{"second"}}
		w.start(service("inner", "GET /", step), "first", "second")
		outer := service("outer", "GET /", calls("inner"))
		outer.Timeout = 100 * ms
		w.start(outer, "inner")
		if got := w.ask("GET", "outer:80/"); got.status != 504 || got.took != 100*ms {
			t.Errorf("got %s, want 504 after 100 ms", got)
		}
		time.Sleep(5 * time.Second)
		if got := second.Load(); got != 0 {
			t.Errorf("second was asked %d times for a caller that had left", got)
		}
	})
}

// A write that one database refuses goes to the next, and is named as there.
func TestWriteFailsOver(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(database("db-b"))
		step := scenarios.Step{Write: "db-a", Failover: scenarios.Failover{Failover: []string{"db-b"}}}
		w.start(service("orders", "POST /", step), "db-a=database", "db-b=database")
		got := w.ask("POST", "orders:80/", wire.HeaderRequest, "r-1")
		if wrote := got.header.Get(wire.HeaderWrote); got.status != 200 || wrote != "db-b/r-1:orders:0" {
			t.Fatalf("got %s, wrote %q", got, wrote)
		}
		if diff := cmp.Diff(map[string]int{"r-1:orders:0": 1}, w.writes("db-b")); diff != "" {
			t.Errorf("writes of db-b (-want +got):\n%s", diff)
		}
	})
}
