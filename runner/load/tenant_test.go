package load

import (
	"bufio"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/squallhq/squall/scenarios"
)

// A load sends for one tenant, for many that are drawn (uniformly: each as often), or for none that it names. Drawing
// them changes nothing else of its requests.
func TestTenantsOnTheWire(t *testing.T) {
	t.Parallel()
	const n = 20000
	plain := rendered(t, shoppers, 1, n)
	for name, r := range map[string]struct {
		tenant *scenarios.Tenant
		want   map[string]float64
	}{
		"none":  {nil, map[string]float64{"": 1}},
		"one":   {&scenarios.Tenant{Name: "mallory"}, map[string]float64{"mallory": 1}},
		"drawn": {&scenarios.Tenant{Param: scenarios.Param{Uniform: true, Of: 4}}, map[string]float64{"1": 0.25, "2": 0.25, "3": 0.25, "4": 0.25}},
		"zipf":  {&scenarios.Tenant{Param: scenarios.Param{Zipf: 1, Of: 3}}, map[string]float64{"1": 6.0 / 11, "2": 3.0 / 11, "3": 2.0 / 11}},
	} {
		l := *shoppers
		l.Tenant = r.tenant
		got := map[string]float64{}
		for k, text := range rendered(t, &l, 1, n) {
			request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
			if err != nil {
				t.Fatalf("%s: request %d: %v\n%s", name, k, err, text)
			}
			tenant := request.Header.Get("Squall-Tenant")
			got[tenant]++
			if rest := strings.Replace(text, "Squall-Tenant: "+tenant+"\r\n", "", 1); rest != plain[k] {
				t.Fatalf("%s: request %d is\n%s\nwithout its tenant, and should be\n%s", name, k, rest, plain[k])
			}
		}
		for tenant, share := range r.want {
			if math.Abs(got[tenant]/n-share) > 4*math.Sqrt(share*(1-share)/n) {
				t.Errorf("%s: share of tenant %q is %.3f, want %.3f", name, tenant, got[tenant]/n, share)
			}
		}
		if len(got) != len(r.want) {
			t.Errorf("%s: tenants %v", name, got)
		}
	}
}
