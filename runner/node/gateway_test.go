package node_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

func gatewayNode(routes ...scenarios.Route) scenarios.Node {
	return scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: routes}}
}

func TestRoutes(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, name := range []string{"catalog", "orders", "rest"} {
			w.leaf(name, func(rw http.ResponseWriter, r *http.Request) {
				fmt.Fprintf(rw, "%s %s %s", name, r.Method, r.URL.RequestURI())
			})
		}
		w.start(gatewayNode(
			scenarios.Route{Match: "GET /catalog/*", To: "catalog"},
			scenarios.Route{Match: "/orders", To: "orders"},
			scenarios.Route{Match: "/catalog/*", To: "rest"},
		), "catalog", "orders", "rest")
		for _, r := range []struct {
			method, path string
			status       int
			body         string
		}{
			{"GET", "/catalog/1?q=a%20b", 200, "catalog GET /catalog/1?q=a%20b"},
			{"HEAD", "/catalog/1", 200, ""},
			{"POST", "/catalog/1", 200, "rest POST /catalog/1"},
			{"GET", "/orders", 200, "orders GET /orders"},
			{"GET", "/orders/1", 404, ""},
			{"GET", "/catalog", 404, ""},
		} {
			got := w.ask(r.method, "api:80"+r.path)
			if got.status != r.status || r.body != "" && got.body != r.body {
				t.Errorf("%s %s: got %s, want %d %q", r.method, r.path, got, r.status, r.body)
			}
		}
	})
}

// What a gateway answers when its service is not well, and when.
func TestGatewayFailures(t *testing.T) {
	for _, r := range []struct {
		name   string
		serve  http.HandlerFunc
		policy scenarios.Policy
		status int
		took   time.Duration
	}{
		{name: "slow", serve: func(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) }, status: 504, took: 300 * ms},
		{name: "not there", status: 502},
		{name: "its own error passes as it is", serve: func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(507) }, status: 507},
		{name: "its own error, after retries", serve: func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(507) },
			policy: scenarios.Policy{Retry: &scenarios.Retry{Attempts: 3, Backoff: 10 * ms}}, status: 507, took: 30 * ms},
		{name: "reset", serve: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, status: 502},
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				if r.serve != nil {
					w.leaf("orders", r.serve)
				}
				n := gatewayNode(scenarios.Route{Match: "/*", To: "orders", Timeout: 300 * ms})
				n.Policy = r.policy
				w.start(n, "orders")
				if got := w.ask("GET", "api:80/"); got.status != r.status || got.took != r.took {
					t.Errorf("got %s, want %d after %s", got, r.status, r.took)
				}
			})
		})
	}
}

// A body passes byte for byte, and again for a retry.
func TestGatewaySendsBodiesAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		var attempts atomic.Int64
		body := strings.Repeat("0123456789", 10000)
		w.leaf("orders", func(rw http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if err != nil || string(got) != body {
				t.Errorf("attempt %d: got %d bytes, %v", attempts.Load(), len(got), err)
			}
			if attempts.Add(1) < 3 {
				rw.WriteHeader(500)
			}
		})
		n := gatewayNode(scenarios.Route{Match: "/*", To: "orders"})
		n.Policy = scenarios.Policy{Retry: &scenarios.Retry{Attempts: 3}}
		w.start(n, "orders")
		response, err := w.client.Post("http://api:80/", "text/plain", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 200 || attempts.Load() != 3 {
			t.Errorf("got %d after %d attempts, want 200 after 3", response.StatusCode, attempts.Load())
		}
	})
}

// Each piece of an answer passes the moment it comes: a gateway that gathers would add latency.
func TestGatewayStreams(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("orders", func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Length", "5") // a length is no reason to gather either
			for n := range 5 {
				fmt.Fprintf(rw, "%d", n)
				http.NewResponseController(rw).Flush() //nolint:errcheck // seen by the reader
				time.Sleep(time.Second)
			}
		})
		w.start(gatewayNode(scenarios.Route{Match: "/*", To: "orders"}), "orders")
		began := time.Now()
		response, err := w.client.Get("http://api:80/")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		for n := range 5 {
			var piece [1]byte
			if _, err := io.ReadFull(response.Body, piece[:]); err != nil || piece[0] != byte('0'+n) {
				t.Fatalf("piece %d: %q, %v", n, piece, err)
			}
			if at := time.Since(began); at != time.Duration(n)*time.Second {
				t.Errorf("piece %d came at %s", n, at)
			}
		}
	})
}

func TestHopByHopHeadersStop(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("orders", func(rw http.ResponseWriter, r *http.Request) {
			for _, name := range []string{"X-Hop", "Proxy-Authorization", "Keep-Alive"} {
				if r.Header.Get(name) != "" {
					t.Errorf("%s passed", name)
				}
			}
			if got := r.Header.Get(wire.HeaderRequest); got != "r-1" {
				t.Errorf("%s: got %q", wire.HeaderRequest, got)
			}
			rw.Header().Set(wire.HeaderWrote, "db/1")
			rw.Header().Set(wire.HeaderDegraded, "half")
			rw.Header().Set("Connection", "X-Back")
			rw.Header().Set("X-Back", "1")
		})
		w.start(gatewayNode(scenarios.Route{Match: "/*", To: "orders"}), "orders")
		got := w.ask("GET", "api:80/", wire.HeaderRequest, "r-1", "Connection", "X-Hop", "X-Hop", "1", "Proxy-Authorization", "x", "Keep-Alive", "1")
		if got.header.Get(wire.HeaderWrote) != "db/1" || got.header.Get(wire.HeaderDegraded) != "half" || got.header.Get("X-Back") != "" {
			t.Errorf("headers: %v", got.header)
		}
	})
}

func TestAPIKey(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("orders", func(http.ResponseWriter, *http.Request) {})
		n := gatewayNode(scenarios.Route{Match: "/*", To: "orders"})
		n.Auth = "api-key"
		w.start(n, "orders")
		if got := w.ask("GET", "api:80/"); got.status != 401 {
			t.Errorf("without a key: got %s", got)
		}
		if got := w.ask("GET", "api:80/", wire.HeaderKey, "any"); got.status != 200 {
			t.Errorf("with a key: got %s", got)
		}
	})
}

// 1,000 requests a second for 10 s against a bucket of 100 that 50 a second fill: 100 + 500 pass.
func TestRateLimit(t *testing.T) {
	for _, r := range []struct {
		per    string
		passed int // of two clients' requests
	}{{"all", 600}, {"client", 1200}} {
		t.Run(r.per, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.leaf("orders", func(http.ResponseWriter, *http.Request) {})
				n := gatewayNode(scenarios.Route{Match: "/*", To: "orders"})
				n.RateLimit = &scenarios.RateLimit{Rate: 50, Burst: 100, Per: r.per}
				w.start(n, "orders")
				passed := 0
				for n := range 10001 { // from 0 to 10 s
					got := w.ask("GET", "api:80/", wire.HeaderLoad, fmt.Sprint("client ", n%2))
					switch got.status {
					case 200:
						passed++
					case 429:
						if got.header.Get("Retry-After") != "1" {
							t.Fatalf("Retry-After: %q", got.header.Get("Retry-After"))
						}
					default:
						t.Fatalf("got %s", got)
					}
					time.Sleep(ms)
				}
				if passed < r.passed-2 || passed > r.passed { // a token may be due a rounding later
					t.Errorf("%d passed, want %d", passed, r.passed)
				}
				w.counters("api", map[string]float64{"squall_rate_limited_total": float64(10001 - passed)})
			})
		})
	}
}

// A client that leaves ends the call.
func TestGatewayClientLeaves(t *testing.T) {
	inWorld(t, func(w *world) {
		left := make(chan struct{})
		w.leaf("orders", func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(left)
		})
		w.start(gatewayNode(scenarios.Route{Match: "/*", To: "orders"}), "orders")
		ctx, cancel := context.WithTimeout(w.t.Context(), 40*ms)
		defer cancel()
		if _, err := w.try(ctx, "GET", "api:80/"); err == nil {
			t.Error("want the client's own timeout")
		}
		<-left
		time.Sleep(ms)
		w.counters("api", map[string]float64{"squall_in_flight": 0})
		if c := w.stats("api").Calls["orders-1"]; c.Attempts != 1 || c.Failures != 0 {
			t.Errorf("calls: %+v", c)
		}
	})
}
