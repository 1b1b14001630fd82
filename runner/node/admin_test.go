package node_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/squallhq/squall/scenarios"
)

// The metrics are what Prometheus' own parser reads, and the same figures as the stats.
func TestMetricsAreThePrometheusFormat(t *testing.T) {
	inWorld(t, func(w *world) {
		w.leaf("leaf", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(500) })
		caller := service("caller", "GET /", calls("leaf"))
		caller.Retry = &scenarios.Retry{Attempts: 3}
		w.start(caller, "leaf")
		w.ask("GET", "caller:80/")
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(w.ask("GET", "caller:81/metrics").body))
		if err != nil {
			t.Fatal(err)
		}
		stats := w.stats("caller")
		for name, want := range stats.Counters {
			family := families[name]
			if family == nil || len(family.Metric) != 1 {
				t.Errorf("%s is missing", name)
				continue
			}
			m := family.Metric[0]
			if got := m.GetCounter().GetValue() + m.GetGauge().GetValue(); got != want {
				t.Errorf("%s: got %g, stats say %g", name, got, want)
			}
			if len(m.Label) != 3 || m.Label[0].GetValue() != "caller" || m.Label[1].GetValue() != "caller-1" || m.Label[2].GetValue() != "service" {
				t.Errorf("%s: labels %v", name, m.Label)
			}
		}
		if got := families["squall_call_retries_total"].Metric[0].GetCounter().GetValue(); got != 2 {
			t.Errorf("retries: got %g, want 2", got)
		}
		if stats.Counters["squall_requests_total"] != 1 || stats.Counters["squall_errors_total"] != 1 {
			t.Errorf("counters: %v", stats.Counters)
		}
	})
}

func TestBadBehaviourIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start(service("s", "GET /"))
		for _, body := range []string{`{"errors": 2}`, `{"error": 1}`, `{"slow": -1}`, `{"status": 99}`, `nonsense`} {
			request, err := http.NewRequest("PUT", "http://s:81/behave", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			response, err := w.client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: got %d, want 400", body, response.StatusCode)
			}
		}
		if got := w.ask("GET", "s:81/health"); got.status != 200 {
			t.Errorf("health: %s", got)
		}
	})
}
