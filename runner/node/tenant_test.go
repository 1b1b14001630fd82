package node_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// A request's tenant reaches the last service of its way; without one it is the load's, which is handed on already.
func TestTenantIsHandedOn(t *testing.T) {
	inWorld(t, func(w *world) {
		var got [][2]string
		w.leaf("leaf", func(_ http.ResponseWriter, r *http.Request) {
			got = append(got, [2]string{r.Header.Get(wire.HeaderLoad), r.Header.Get(wire.HeaderTenant)})
		})
		w.start(service("s", "GET /", calls("leaf")), "leaf")
		w.start(scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "s"}}}}, "s")
		w.start(scenarios.Node{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "api"}}, "api")
		w.ask("GET", "edge:80/", wire.HeaderLoad, "users", wire.HeaderTenant, "mallory")
		w.ask("GET", "edge:80/", wire.HeaderLoad, "users")
		if diff := cmp.Diff([][2]string{{"users", "mallory"}, {"users", ""}}, got); diff != "" {
			t.Errorf("load and tenant at the leaf (-want +got):\n%s", diff)
		}
	})
}

// A step is done for whom it is for, and passed over for others.
func TestWhen(t *testing.T) {
	for _, r := range []struct {
		name    string
		when    *scenarios.When
		headers []string
		took    time.Duration
	}{
		{"everybody's", nil, nil, 10 * ms},
		{"the tenant's", &scenarios.When{Tenant: "mallory"}, []string{wire.HeaderLoad, "users", wire.HeaderTenant, "mallory"}, 10 * ms},
		{"another tenant's", &scenarios.When{Tenant: "mallory"}, []string{wire.HeaderLoad, "users", wire.HeaderTenant, "7"}, 0},
		{"a load is a tenant", &scenarios.When{Tenant: "users"}, []string{wire.HeaderLoad, "users"}, 10 * ms},
		{"the load's", &scenarios.When{Load: "users"}, []string{wire.HeaderLoad, "users", wire.HeaderTenant, "7"}, 10 * ms},
		{"another load's", &scenarios.When{Load: "users"}, []string{wire.HeaderLoad, "robots"}, 0},
		{"of low priority", &scenarios.When{Priority: "low"}, []string{wire.HeaderPriority, "low"}, 10 * ms},
		{"high is the default", &scenarios.When{Priority: "high"}, nil, 10 * ms},
		{"not low", &scenarios.When{Priority: "low"}, nil, 0},
		{"one of two", &scenarios.When{Load: "users", Priority: "low"}, []string{wire.HeaderLoad, "users"}, 0},
	} {
		t.Run(r.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				step := work(10 * ms)
				step.When = r.when
				w.start(service("s", "GET /", step, scenarios.Step{Parallel: []scenarios.Step{step, work(0)}}))
				if got := w.ask("GET", "s:80/", r.headers...); got.status != 200 || got.took != 2*r.took {
					t.Errorf("got %s, want 200 after %s", got, 2*r.took)
				}
			})
		})
	}
}

// Each tenant has a bucket of its own, whatever key it comes with; a load without one has its own too.
func TestRateLimitPerTenant(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("leaf", func(http.ResponseWriter, *http.Request) {})
		w.start(scenarios.Node{Name: "api", Kind: scenarios.KindGateway, RateLimit: &scenarios.RateLimit{Rate: 1, Burst: 3, Per: "tenant"},
			Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "leaf"}}}}, "leaf")
		for tenant, headers := range map[string][]string{
			"a": {wire.HeaderTenant, "a"}, "b": {wire.HeaderTenant, "b"}, "the load's": {wire.HeaderLoad, "users"},
		} {
			passed := 0
			for range 10 {
				if w.ask("GET", "api:80/", append([]string{wire.HeaderKey, "partner"}, headers...)...).status == 200 {
					passed++
				}
			}
			if passed != 3 {
				t.Errorf("%d of 10 requests of %s passed, want the burst of 3", passed, tenant)
			}
		}
	})
}
