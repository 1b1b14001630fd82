package node

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// BenchmarkLimiter is what a request pays to pass a rate limit.
func BenchmarkLimiter(b *testing.B) {
	for _, r := range []struct {
		name string
		how  *scenarios.RateLimit
	}{
		{"off", nil},
		{"for_all", &scenarios.RateLimit{Rate: 1e9}},
		{"by_client", &scenarios.RateLimit{Rate: 1e9, Per: "client"}},
	} {
		b.Run(r.name, func(b *testing.B) {
			l, h := newLimiter(r.how), http.Header{wire.HeaderKey: {"k1"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := l.allow(h); !ok {
					b.Fatal("refused")
				}
			}
		})
	}
}

// BenchmarkAuthentication is what a request pays to show who it is from. Introspection is not here: it costs a call.
func BenchmarkAuthentication(b *testing.B) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "u1"}).SignedString([]byte("s3cret"))
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range []struct {
		name string
		node scenarios.Node
	}{
		{"off", scenarios.Node{}},
		{"api-key", scenarios.Node{Auth: "api-key"}},
		{"jwt", scenarios.Node{Auth: "jwt", JWT: &scenarios.JWT{Secret: "s3cret"}}},
	} {
		b.Run(r.name, func(b *testing.B) {
			i := instanceOf("api", "api-1", 1)
			i.config.Node = r.node
			who, err := newAuthentication(i)
			if err != nil {
				b.Fatal(err)
			}
			request := httptest.NewRequest("GET", "/", nil)
			request.Header.Set(wire.HeaderKey, "k1")
			request.Header.Set("Authorization", "Bearer "+token)
			b.ReportAllocs()
			for b.Loop() {
				if f := who.admit(request, cause{}); f != nil {
					b.Fatal(f)
				}
			}
		})
	}
}

// BenchmarkSplit is what a request pays where a canary takes a share of them.
func BenchmarkSplit(b *testing.B) {
	i := instanceOf("api", "api-1", 1)
	for _, r := range []struct {
		name  string
		route gatewayRoute
	}{
		{"off", gatewayRoute{proxy: &proxy{}}},
		{"canary", gatewayRoute{proxy: &proxy{}, canary: &proxy{}, share: .05}},
	} {
		b.Run(r.name, func(b *testing.B) {
			c := cause{request: "r-1"}
			b.ReportAllocs()
			for b.Loop() {
				r.route.pick(i, c)
			}
		})
	}
}

// BenchmarkLine is one place in a line of a hundred, and its turn: off is first come, first served.
func BenchmarkLine(b *testing.B) {
	for _, r := range []struct {
		name  string
		limit int
		how   scenarios.Line
	}{
		{"off", 0, scenarios.Line{}},
		{"bounded", 1000, scenarios.Line{}},
		{"lifo", 0, scenarios.Line{Discipline: "lifo"}},
		{"deadline", 0, scenarios.Line{Discipline: "deadline", MaxWait: time.Hour}},
		{"codel", 0, scenarios.Line{Discipline: "codel", MaxWait: time.Hour, TargetWait: time.Hour}},
	} {
		b.Run(r.name, func(b *testing.B) {
			l, now := newLine(r.limit, r.how), time.Now()
			for range 100 {
				l.join(&waiter{since: now})
			}
			b.ReportAllocs()
			for b.Loop() {
				l.join(&waiter{since: now})
				l.next(now)
			}
		})
	}
}

// BenchmarkReadCache is what a read pays for its cache: off is a read that costs nothing and has none.
func BenchmarkReadCache(b *testing.B) {
	read := func(context.Context) *failure { return nil }
	fails := func(context.Context) *failure { return &failure{class: failed, err: errNoUpstream} }
	chance := func() float64 { return 1 } // nobody volunteers
	b.Run("off", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			read(b.Context())
		}
	})
	for _, r := range []struct {
		name string
		how  scenarios.ReadCache
		kept bool
		read func(context.Context) *failure // once there is a copy
	}{
		{"hit", scenarios.ReadCache{TTL: time.Hour}, true, fails},
		{"hit_xfetch", scenarios.ReadCache{TTL: time.Hour, Early: "xfetch"}, true, fails},
		{"hit_stale_if_error", scenarios.ReadCache{TTL: time.Hour, StaleIfError: time.Hour}, true, fails},
		{"hit_last_good", scenarios.ReadCache{TTL: time.Hour, LastGood: true}, true, fails},
		{"miss", scenarios.ReadCache{TTL: time.Hour}, false, read},
		{"miss_coalesced", scenarios.ReadCache{TTL: time.Hour, Coalesce: true}, false, read},
		{"stale_if_error", scenarios.ReadCache{TTL: 1, StaleIfError: time.Hour}, true, fails},
		{"last_good", scenarios.ReadCache{TTL: 1, LastGood: true}, true, read},
	} {
		b.Run(r.name, func(b *testing.B) {
			i := instanceOf("s", "s-1", 1)
			i.answering.enter()
			c := newReadCache(r.how, i.metrics, i.answering.start)
			c.aside = i.aside
			c.get(b.Context(), "k", chance, read)
			b.ReportAllocs()
			for b.Loop() {
				if !r.kept {
					c.drop("k")
				}
				if f := c.get(b.Context(), "k", chance, r.read); f != nil && f.class != partial {
					b.Fatal(f)
				}
			}
			b.StopTimer()
			i.answering.leave()
			i.answering.wait()
		})
	}
}
