package node_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/squallhq/squall/internal/pipenet"
	"github.com/squallhq/squall/runner/node"
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
	canary := func(n *scenarios.Node) { n.Routes[0].Split = &scenarios.Split{To: "orders", Share: .05} }
	for _, r := range []struct {
		name string
		with []func(*scenarios.Node)
	}{
		{"off", nil},
		{"shed", []func(*scenarios.Node){shed}},
		{"max_body", []func(*scenarios.Node){body}},
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
			w.start(scenarios.Node{Name: "edge", Kind: scenarios.KindCDN, Origin: "origin", Cache: r.rules}, "origin")
			w.ask("GET", "edge:80/page?utm_source=mail&id=7") // what can be kept is
			status = r.status
			w.each(b, "GET", "edge:80/page?utm_source=mail&id=7")
		})
	}
}

// BenchmarkRequestThatWrites is a whole request to a service that writes, durably on disk: off is a plain write.
func BenchmarkRequestThatWrites(b *testing.B) {
	for _, r := range []struct {
		name       string
		idempotent bool
		rowLocks   bool
	}{{name: "off"}, {name: "idempotent", idempotent: true}, {name: "row_locks", rowLocks: true}} {
		b.Run(r.name, func(b *testing.B) {
			w := benchWorld(b)
			db := database("db")
			db.RowLocks = r.rowLocks
			w.start(db)
			w.start(service("orders", "POST /orders/{id}", scenarios.Step{Write: "db", Idempotent: r.idempotent}), "db=database")
			w.each(b, "POST", "orders:80/orders/7")
		})
	}
}

// BenchmarkRequestHandedOver is a whole request to a service whose work is done at once, on disk and in memory: off calls the worker, the other
// hands a message to a queue, which has it on disk before it says so.
func BenchmarkRequestHandedOver(b *testing.B) {
	for _, queued := range []bool{false, true} {
		name, to := "off", "worker"
		if queued {
			name, to = "queue", "jobs"
		}
		b.Run(name, func(b *testing.B) {
			w := benchWorld(b)
			w.leaf("worker", func(http.ResponseWriter, *http.Request) {})
			step := calls(to)
			if queued {
				w.start(scenarios.Node{Name: "jobs", Kind: scenarios.KindQueue, To: &scenarios.Call{Node: "worker", Method: "POST", Path: "/"}}, "worker")
				step = scenarios.Step{Write: to}
			}
			w.start(service("shop", "POST /", step), to+map[bool]string{true: "=queue"}[queued])
			w.each(b, "POST", "shop:80/")
		})
	}
}

// each asks once for each round of a benchmark; every request is another one.
func (w *world) each(b *testing.B, method, url string, headers ...string) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		if got := w.ask(method, url, append(headers, node.HeaderRequest, fmt.Sprint("r-", n))...); got.status >= 400 {
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
