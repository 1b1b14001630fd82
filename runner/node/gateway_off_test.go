package node

import (
	"net/http/httptest"
	"testing"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// A gate that is not there opens for nothing.
func TestGateThatIsOffAllocatesNothing(t *testing.T) {
	i := newInstance(Config{Seed: 1, Instance: "api-1", Node: scenarios.Node{Name: "api"}}, Environment{})
	c, request := cause{request: "r-1"}, httptest.NewRequest("GET", "/", nil)
	request.Header.Set(wire.HeaderKey, "k1")
	who, err := newAuthentication(i)
	if err != nil {
		t.Fatal(err)
	}
	limit, route := limiterOf(i, nil), gatewayRoute{proxy: &proxy{}}
	for name, f := range map[string]func(){
		"rate limit":      func() { limit.allow(request.Header) },
		"authentication":  func() { who.admit(request, c) },
		"canary":          func() { route.pick(i, c) },
		"injected errors": func() { i.errs(c) },
	} {
		if got := testing.AllocsPerRun(100, f); got != 0 {
			t.Errorf("%s: %g allocations where it is off", name, got)
		}
	}
}
