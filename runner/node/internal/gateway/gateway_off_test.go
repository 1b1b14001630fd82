package gateway

import (
	"net/http/httptest"
	"testing"

	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// A gate that is not there opens for nothing.
func TestGateThatIsOffAllocatesNothing(t *testing.T) {
	i := host.NewInstance(host.Config{Seed: 1, Instance: "api-1", Node: scenarios.Node{Name: "api"}}, host.Environment{})
	c, request := host.Trace{Request: "r-1"}, httptest.NewRequest("GET", "/", nil)
	request.Header.Set(wire.HeaderKey, "k1")
	who, err := newAuthentication(i)
	if err != nil {
		t.Fatal(err)
	}
	limit, route := admission.LimiterOf(i, nil), gatewayRoute{proxy: &call.Proxy{}}
	for name, f := range map[string]func(){
		"rate limit":      func() { limit.Allow(request.Header) },
		"authentication":  func() { who.admit(request, c) },
		"canary":          func() { route.pick(i, c) },
		"injected errors": func() { i.InjectedError(c) },
	} {
		if got := testing.AllocsPerRun(100, f); got != 0 {
			t.Errorf("%s: %g allocations where it is off", name, got)
		}
	}
}
