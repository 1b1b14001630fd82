package gateway

import (
	"net/http/httptest"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

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
		{"api-key", scenarios.Node{Gateway: scenarios.Gateway{Auth: "api-key"}}},
		{"jwt", scenarios.Node{Gateway: scenarios.Gateway{Auth: "jwt", JWT: &scenarios.JWT{Secret: "s3cret"}}}},
	} {
		b.Run(r.name, func(b *testing.B) {
			i := host.NewInstance(host.Config{Seed: 1, Instance: "api-1", Node: scenarios.Node{Name: "api"}}, host.Environment{})
			i.Config.Node = r.node
			who, err := newAuthentication(i)
			if err != nil {
				b.Fatal(err)
			}
			request := httptest.NewRequest("GET", "/", nil)
			request.Header.Set(wire.HeaderKey, "k1")
			request.Header.Set("Authorization", "Bearer "+token)
			b.ReportAllocs()
			for b.Loop() {
				if f := who.admit(request, host.Trace{}); f != nil {
					b.Fatal(f)
				}
			}
		})
	}
}

// BenchmarkSplit is what a request pays where a canary takes a share of them.
func BenchmarkSplit(b *testing.B) {
	i := host.NewInstance(host.Config{Seed: 1, Instance: "api-1", Node: scenarios.Node{Name: "api"}}, host.Environment{})
	for _, r := range []struct {
		name  string
		route gatewayRoute
	}{
		{"off", gatewayRoute{proxy: &call.Proxy{}}},
		{"canary", gatewayRoute{proxy: &call.Proxy{}, canary: &call.Proxy{}, share: .05}},
	} {
		b.Run(r.name, func(b *testing.B) {
			c := host.Trace{Request: "r-1"}
			b.ReportAllocs()
			for b.Loop() {
				r.route.pick(i, c)
			}
		})
	}
}
