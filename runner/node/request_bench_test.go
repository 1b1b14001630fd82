package node_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/squallhq/squall/internal/pipenet"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// BenchmarkRequestToGateway is a whole request through a gateway to its upstream and back, in memory: off is a gateway with a route and
// nothing else.
func BenchmarkRequestToGateway(b *testing.B) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "u1"}).SignedString([]byte("s3cret"))
	if err != nil {
		b.Fatal(err)
	}
	shed := func(n *scenarios.Node) { n.Shed = &scenarios.Shed{InFlight: 100} }
	body := func(n *scenarios.Node) { n.MaxBody = 1000 }
	tokens := func(n *scenarios.Node) { n.Auth, n.JWT = "jwt", &scenarios.JWT{Secret: "s3cret"} }
	pool := func(n *scenarios.Node) { n.UpstreamPool = 10 }
	canary := func(n *scenarios.Node) { n.Routes[0].Split = &scenarios.Split{To: "orders", Share: .05} }
	for _, r := range []struct {
		name string
		with []func(*scenarios.Node)
	}{
		{"off", nil},
		{"shed", []func(*scenarios.Node){shed}},
		{"max_body", []func(*scenarios.Node){body}},
		{"upstream_pool", []func(*scenarios.Node){pool}},
		{"everything", []func(*scenarios.Node){shed, body, tokens, canary}},
	} {
		b.Run(r.name, func(b *testing.B) {
			n := gatewayTo("orders")
			for _, with := range r.with {
				with(&n)
			}
			w := benchWorld(b)
			w.leaf("orders", func(http.ResponseWriter, *http.Request) {})
			w.start(n, "orders")
			w.each(b, "GET", "api:80/", "Authorization", "Bearer "+token)
		})
	}
}

// BenchmarkRequestToCDN is a whole request to a CDN, in memory: off is one without rules, which asks the origin every time.
func BenchmarkRequestToCDN(b *testing.B) {
	hour := scenarios.CacheRule{Match: "GET /*", TTL: time.Hour}
	never := scenarios.CacheRule{Match: "GET /*", TTL: time.Nanosecond} // what is kept is stale at once
	keyed, coalesced, stale := hour, never, never
	keyed.Key = &scenarios.CacheKey{Ignore: []string{"utm_*"}}
	coalesced.Coalesce = true
	stale.StaleIfError = time.Hour
	for _, r := range []struct {
		name   string
		rules  []scenarios.CacheRule
		status int // of the origin, once it has answered
	}{
		{"off", nil, 200},
		{"hit", []scenarios.CacheRule{hour}, 200},
		{"hit_normalised_key", []scenarios.CacheRule{keyed}, 200},
		{"miss", []scenarios.CacheRule{never}, 200},
		{"miss_coalesced", []scenarios.CacheRule{coalesced}, 200},
		{"stale_if_error", []scenarios.CacheRule{stale}, 503},
	} {
		b.Run(r.name, func(b *testing.B) {
			w := benchWorld(b)
			status := 200
			w.leaf("origin", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) })
			w.start(scenarios.Node{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "origin", Cache: r.rules}}, "origin")
			w.ask("GET", "edge:80/page?utm_source=mail&id=7") // what can be kept is
			status = r.status
			w.each(b, "GET", "edge:80/page?utm_source=mail&id=7")
		})
	}
}

// BenchmarkRequestThatWrites is a whole request to a service that writes, durably on disk: off is a plain write. Events are
// published, and the replica follows, beside the request, on the same machine and disk.
func BenchmarkRequestThatWrites(b *testing.B) {
	for _, r := range []struct {
		name      string
		step      scenarios.Step
		rowLocks  bool
		followers int
	}{
		{name: "off"},
		{name: "idempotent", step: scenarios.Step{Idempotent: true}},
		{name: "row_locks", rowLocks: true},
		{name: "outbox", step: scenarios.Step{Outbox: scenarios.Outbox{Outbox: "q"}}},
		{name: "replica", followers: 1},
	} {
		b.Run(r.name, func(b *testing.B) {
			w := benchWorld(b)
			db := primary(r.followers)
			db.RowLocks = r.rowLocks
			w.start(db)
			if r.followers > 0 {
				w.start(replica("copy"), "db=database")
			}
			if r.step.Outbox.Outbox != "" {
				w.leaf("sink", func(http.ResponseWriter, *http.Request) {})
				w.start(streamNode(8, "sink"), "sink")
			}
			r.step.Write = "db"
			w.start(service("orders", "POST /orders/{id}", r.step), "db=database", "q=stream")
			w.each(b, "POST", "orders:80/orders/7")
		})
	}
}

// BenchmarkRequestHandedOver is a whole request to a service whose work is done at once, on disk and in memory: off calls the worker, the other
// hands a message to a queue, or publishes it to a stream, which has it on disk before it says so.
func BenchmarkRequestHandedOver(b *testing.B) {
	for _, name := range []string{"off", "queue", "stream"} {
		b.Run(name, func(b *testing.B) {
			w := benchWorld(b)
			w.handsOver(name, func(http.ResponseWriter, *http.Request) {})
			w.each(b, "POST", "shop:80/")
		})
	}
}

// BenchmarkRequestDelivered is the same until the worker has it, one request at a time.
func BenchmarkRequestDelivered(b *testing.B) {
	for _, name := range []string{"off", "queue", "stream"} {
		b.Run(name, func(b *testing.B) {
			w := benchWorld(b)
			delivered := make(chan struct{}, 1)
			w.handsOver(name, func(http.ResponseWriter, *http.Request) { delivered <- struct{}{} })
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				if got := w.ask("POST", "shop:80/", wire.HeaderRequest, fmt.Sprint("r-", n)); got.status >= 400 {
					b.Fatal(got)
				}
				<-delivered
			}
		})
	}
}

// handsOver starts a shop whose worker gets its work from a call (off), over a queue or over a stream.
func (w *world) handsOver(how string, worker http.HandlerFunc) {
	w.leaf("worker", worker)
	switch how {
	case "off":
		w.start(service("shop", "POST /", calls("worker")), "worker")
		return
	case "queue":
		w.start(scenarios.Node{Name: "q", Kind: scenarios.KindQueue, Delivery: scenarios.Delivery{To: &scenarios.Call{Node: "worker", Method: "POST", Path: "/"}}}, "worker")
	case "stream":
		w.start(streamNode(1, "worker"), "worker")
	}
	w.start(service("shop", "POST /", scenarios.Step{Write: "q"}), "q="+how)
}

// each asks once for each round of a benchmark; every request is another one.
func (w *world) each(b *testing.B, method, url string, headers ...string) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		if got := w.ask(method, url, append(headers, wire.HeaderRequest, fmt.Sprint("r-", n))...); got.status >= 400 {
			b.Fatal(got)
		}
	}
}

func benchWorld(b *testing.B) *world {
	network := &pipenet.Network{}
	transport := &http.Transport{DialContext: network.DialContext, MaxIdleConnsPerHost: 100}
	b.Cleanup(transport.CloseIdleConnections)
	return &world{t: b, network: network, client: &http.Client{Transport: transport}, folder: b.TempDir(), seed: 1}
}
