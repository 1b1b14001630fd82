package scrape

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/squallhq/squall/runner/record"
)

// sample is a run under way: ten answers of 20 ms, five failures after a second and a request of the warm-up, two faults of which one is on.
func sample() *record.Result {
	const second = time.Second
	r := record.NewRecorder([]record.Span{{Name: "steady", End: 10 * second}})
	add := func(at, took time.Duration, outcome record.Outcome) {
		r.Add(record.Sample{Load: "users", Request: `GET /"x"`, Intended: at, Sent: at, Done: at + took, Outcome: outcome, Error: map[bool]string{true: record.ErrTimeout}[outcome == record.Failed]})
	}
	add(-second, time.Millisecond, record.OK)
	for i := range 10 {
		add(time.Duration(i)*200*time.Millisecond, 20*time.Millisecond, record.OK)
	}
	for i := range 5 {
		add(3*second+time.Duration(i)*time.Millisecond, second, record.Failed)
	}
	on, off := 1.0, 2.0
	return &record.Result{
		Scenario: "shop", Engine: "process", Run: "r1", DurationS: 5, Phases: r.Phases(), Windows: r.Windows(),
		Faults: []record.Fault{{Text: "crash", On: "api", AppliedS: &on, UndoneS: &off}, {Text: "latency 1s", On: "a -> b", AppliedS: &on}, {Text: "outage", On: "b"}},
		Actions: []record.Action{
			{What: "latency 2s", On: "a -> b", Who: record.ByHand, Person: "ann", Act: 1}, {What: "SIGTERM", On: "api-1", Who: record.ByOutside},
		},
		Edges: []record.Edge{{From: "a", To: "b", Attempts: 3, Failures: 1}, {From: "a", To: "b", Attempts: 4, Retries: 2}},
		Nodes: []record.Node{{Name: "api", Instance: "api-1", Counters: map[string]float64{
			"squall_requests_total": 7, "squall_queue_depth": 2, `squall_step_seconds_total{step="a \"b\""}`: 1.5,
		}}, {Name: "proxy", Instance: "proxy-1", Types: map[string]string{"left_total": "gauge"}, Counters: map[string]float64{
			`http_total{node="x",instance="y",code="200"}`: 9, "left_total": 4,
		}}},
	}
}

func scraped(t *testing.T, h http.Handler) (map[string]*dto.MetricFamily, int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text, _ := io.ReadAll(w.Body)
	if w.Code != http.StatusOK {
		return nil, w.Code, string(text)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return families, w.Code, string(text)
}

// Each figure of a run under way is in what Prometheus reads, under its names.
func TestScrape(t *testing.T) {
	t.Parallel()
	h := Handler(func(context.Context) (*record.Result, error) { return sample(), nil })
	_, _, text := scraped(t, h)
	families, _, again := scraped(t, h)
	if text != again {
		t.Errorf("two scrapes of one record differ:\n%s\n%s", text, again)
	}
	for _, line := range []string{
		`squall_run_info{engine="process",run="r1",scenario="shop",variant=""} 1`,
		`squall_run_elapsed_seconds 5`,
		`squall_phase_active{phase="steady"} 1`,
		`squall_fault_active{by="plan",fault="crash",target="api"} 0`,
		`squall_fault_active{by="plan",fault="latency 1s",target="a -> b"} 1`,
		`squall_fault_active{by="plan",fault="outage",target="b"} 0`,
		`squall_fault_active{by="ann",fault="latency 2s",target="a -> b"} 1`,
		`squall_load_requests_total{load="users",outcome="ok",request="GET /\"x\""} 10`,
		`squall_load_requests_total{load="users",outcome="failed",request="GET /\"x\""} 5`,
		`squall_edge_attempts_total{from="a",to="b"} 7`,
		`squall_edge_retries_total{from="a",to="b"} 2`,
		`squall_requests_total{instance="api-1",node="api"} 7`,
		`squall_step_seconds_total{instance="api-1",node="api",step="a \"b\""} 1.5`,
		`squall_queue_depth{instance="api-1",node="api"} 2`,
		`http_total{code="200",exported_instance="y",exported_node="x",instance="proxy-1",node="proxy"} 9`,
		`left_total{instance="proxy-1",node="proxy"} 4`,
		`squall_load_latency_seconds_bucket{load="users",outcome="answered",request="GET /\"x\"",le="0.01"} 0`,
		`squall_load_latency_seconds_bucket{load="users",outcome="answered",request="GET /\"x\"",le="0.025"} 10`,
		`squall_load_latency_seconds_count{load="users",outcome="answered",request="GET /\"x\""} 10`,
		`squall_load_latency_seconds_bucket{load="users",outcome="failed",request="GET /\"x\"",le="0.5"} 0`,
		`squall_load_latency_seconds_count{load="users",outcome="failed",request="GET /\"x\""} 5`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%s is missing in\n%s", line, text)
		}
	}
	if got := families["squall_load_latency_seconds"].Metric[0].Histogram.GetSampleSum(); got < .199 || got > .201 {
		t.Errorf("ten answers of 20 ms took %v s", got)
	}
	if kind := families["squall_requests_total"].GetType(); kind != dto.MetricType_COUNTER {
		t.Errorf("a counter of a node is a %v", kind)
	}
	if kind := families["left_total"].GetType(); kind != dto.MetricType_UNTYPED {
		t.Errorf("a gauge that is called like a counter is a %v", kind)
	}
}

// Where there is no record there is no figure: why stands in its place.
func TestNothingToScrape(t *testing.T) {
	t.Parallel()
	_, code, text := scraped(t, Handler(func(context.Context) (*record.Result, error) { return nil, errors.New("the run is being launched") }))
	if code != http.StatusServiceUnavailable || text != "the run is being launched\n" {
		t.Errorf("%d %q", code, text)
	}
}
