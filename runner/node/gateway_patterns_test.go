package node_test

import (
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/squallhq/squall/scenarios"
)

func gatewayTo(service string) scenarios.Node {
	return scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: service}}}}
}

func signed(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(method, claims).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + token
}

// Tokens that are checked at the gateway: by signature, method and times, and by nobody else.
func TestTokensAreCheckedLocally(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("orders", func(http.ResponseWriter, *http.Request) {})
		n := gatewayTo("orders")
		n.Auth, n.JWT = "jwt", &scenarios.JWT{Secret: "s3cret", Also: []string{"old"}}
		w.start(n, "orders")
		now := time.Now().Unix()
		good := signed(t, jwt.SigningMethodHS256, []byte("s3cret"), jwt.MapClaims{"sub": "u1"})
		refused := 0.
		for _, r := range []struct {
			name, header string
			status       int
		}{
			{"good", good, 200},
			{"scheme in lower case", "bearer" + strings.TrimPrefix(good, "Bearer"), 200},
			{"not yet expired", signed(t, jwt.SigningMethodHS256, []byte("s3cret"), jwt.MapClaims{"exp": now + 60}), 200},
			{"none", "", 401},
			{"empty", "Bearer ", 401},
			{"another scheme", "Basic dTpw", 401},
			{"nonsense", "Bearer a.b.c", 401},
			{"the old key, which is accepted for now", signed(t, jwt.SigningMethodHS256, []byte("old"), nil), 200},
			{"expired, with the old key", signed(t, jwt.SigningMethodHS256, []byte("old"), jwt.MapClaims{"exp": now - 1}), 401},
			{"another key", signed(t, jwt.SigningMethodHS256, []byte("other"), nil), 401},
			{"another method of the same key", signed(t, jwt.SigningMethodHS512, []byte("s3cret"), nil), 401},
			{"not signed at all", signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil), 401},
			{"expired", signed(t, jwt.SigningMethodHS256, []byte("s3cret"), jwt.MapClaims{"exp": now - 1}), 401},
			{"not yet", signed(t, jwt.SigningMethodHS256, []byte("s3cret"), jwt.MapClaims{"nbf": now + 60}), 401},
			{"changed", good[:len(good)-2] + "xx", 401},
		} {
			got := w.ask("GET", "api:80/", "Authorization", r.header)
			if got.status != r.status {
				t.Errorf("%s: got %s, want %d", r.name, got, r.status)
			}
			if r.status == 401 {
				refused++
				if got.header.Get("WWW-Authenticate") != "Bearer" {
					t.Errorf("%s: it does not say what it wants", r.name)
				}
			}
		}
		w.counters("api", map[string]float64{"squall_unauthorized_total": refused})
	})
}

// Introspection asks about every token, and without an answer nobody passes.
func TestIntrospection(t *testing.T) {
	inWorld(t, func(w *world) {
		var asked atomic.Int64
		var down atomic.Bool
		w.leaf("orders", func(http.ResponseWriter, *http.Request) {})
		w.leaf("idp", func(rw http.ResponseWriter, r *http.Request) {
			asked.Add(1)
			switch {
			case down.Load():
				time.Sleep(time.Minute)
			case r.Method != "POST" || r.URL.Path != "/introspect" || r.Header.Get("Authorization") != "Bearer good":
				rw.WriteHeader(401)
			}
		})
		n := gatewayTo("orders")
		n.Auth, n.Identity, n.Timeout = "introspect", &scenarios.Call{Node: "idp", Method: "POST", Path: "/introspect"}, 200*ms
		w.start(n, "orders", "idp")
		for _, r := range []struct {
			header string
			down   bool
			status int
			took   time.Duration
			asked  int64
		}{{"Bearer good", false, 200, 0, 1}, {"Bearer bad", false, 401, 0, 2}, {"", false, 401, 0, 2}, {"Bearer good", true, 504, 200 * ms, 3}} {
			down.Store(r.down)
			if got := w.ask("GET", "api:80/", "Authorization", r.header); got.status != r.status || got.took != r.took || asked.Load() != r.asked {
				t.Errorf("%q: got %s and %d asked, want %+v", r.header, got, asked.Load(), r)
			}
		}
	})
}

// A split draws its share request by request.
func TestSplit(t *testing.T) {
	inWorld(t, func(w *world) {
		var old, fresh atomic.Int64
		w.leaf("v1", func(http.ResponseWriter, *http.Request) { old.Add(1) })
		w.leaf("v2", func(http.ResponseWriter, *http.Request) { fresh.Add(1) })
		n := gatewayTo("v1")
		n.Routes[0].Split = &scenarios.Split{To: "v2", Share: .05}
		w.start(n, "v1", "v2")
		const requests = 4000
		for range requests {
			w.ask("GET", "api:80/")
		}
		got, sd := float64(fresh.Load()), math.Sqrt(requests*.05*.95)
		if math.Abs(got-requests*.05) > 3*sd || old.Load()+fresh.Load() != requests {
			t.Errorf("v2 got %g of %d, want 5 %% within %.0f", got, requests, 3*sd)
		}
		w.counters("api", map[string]float64{"squall_split_total": got})
	})
}

// Requests that are too long are refused before anybody downstream sees them, whether they say their length or not.
func TestMaxBody(t *testing.T) {
	inWorld(t, func(w *world) {
		var seen atomic.Int64
		w.leaf("orders", func(_ http.ResponseWriter, r *http.Request) {
			if n, err := io.Copy(io.Discard, r.Body); err == nil {
				seen.Add(n)
			}
		})
		n := gatewayTo("orders")
		n.MaxBody = 1000
		w.start(n, "orders")
		for _, r := range []struct {
			length int
			says   bool
			status int
		}{{1000, true, 200}, {1000, false, 200}, {1001, true, 413}, {1001, false, 413}, {100_000, false, 413}} {
			var body io.Reader = strings.NewReader(strings.Repeat("x", r.length))
			if !r.says {
				body = io.MultiReader(body)
			}
			request, err := http.NewRequestWithContext(w.t.Context(), "POST", "http://api:80/", body)
			if err != nil {
				t.Fatal(err)
			}
			response, err := w.client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != r.status {
				t.Errorf("%+v: got %d", r, response.StatusCode)
			}
		}
		if seen.Load() != 2000 {
			t.Errorf("%d bytes got through, want 2000", seen.Load())
		}
		w.counters("api", map[string]float64{"squall_too_large_total": 3})
	})
}

// With N in flight the next is refused at once, and one that has ended makes room.
func TestShedding(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("orders", func(http.ResponseWriter, *http.Request) { time.Sleep(time.Second) })
		n := gatewayTo("orders")
		n.Shed = &scenarios.Shed{InFlight: 5}
		w.start(n, "orders")
		var all sync.WaitGroup
		for range 5 {
			all.Go(func() {
				if got := w.ask("GET", "api:80/"); got.status != 200 {
					t.Errorf("within the bound: got %s", got)
				}
			})
		}
		time.Sleep(500 * ms)
		for range 3 {
			if got := w.ask("GET", "api:80/"); got.status != 503 || got.took != 0 || got.header.Get("Retry-After") != "1" {
				t.Errorf("over the bound: got %s with %v", got, got.header)
			}
		}
		all.Wait()
		if got := w.ask("GET", "api:80/"); got.status != 200 {
			t.Errorf("after it: got %s", got)
		}
		w.counters("api", map[string]float64{"squall_shed_total": 3})
	})
}
