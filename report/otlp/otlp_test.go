package otlp

import (
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/squallhq/squall/runner/record"
)

// collector takes what is sent to it.
type collector struct {
	*httptest.Server
	headers http.Header
	traces  trace.TracesData
	metrics metrics.MetricsData
	logs    logs.LogsData
	code    int
}

func collecting(t *testing.T) *collector {
	t.Helper()
	c := &collector{code: http.StatusOK}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.headers = r.Header
		into := map[string]proto.Message{"/v1/traces": &c.traces, "/v1/metrics": &c.metrics, "/v1/logs": &c.logs}[r.URL.Path]
		if into == nil || r.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s of type %q", r.URL.Path, r.Header.Get("Content-Type"))
			return
		}
		if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(body, into); err != nil {
			t.Error(err)
		}
		w.WriteHeader(c.code)
		_, _ = w.Write([]byte("no room"))
	}))
	t.Cleanup(c.Close)
	return c
}

// exporter is one whose environment is the given pairs.
func exporter(t *testing.T, environment map[string]string) *Exporter {
	t.Helper()
	e, err := FromEnvironment(func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const traceID = "0123456789abcdef0123456789abcdef"

func sample() *record.Result {
	const second = time.Second
	recorder := record.NewRecorder([]record.Span{{Name: "steady", End: 10 * second}, {Name: "broken", Start: 10 * second, End: 20 * second}})
	for i := range 10 {
		at := time.Duration(i) * second
		recorder.Add(record.Sample{Load: "users", Request: "GET /x", Intended: at, Sent: at, Done: at + 20*time.Millisecond, Outcome: record.OK})
	}
	on, off, end, waited := 12.0, 15.0, 30.0, 1.0
	return &record.Result{
		Scenario: "shop", Run: "r1", Engine: "virtual", Verdict: record.Fail, Started: time.Unix(1000, 0), BeganAfterS: 2, DurationS: 20,
		Phases: recorder.Phases(), Windows: recorder.Windows(),
		Faults: []record.Fault{{Text: "outage", Kind: "outage", On: "db", Phase: "broken", AppliedS: &on, UndoneS: &off}, {Text: "never on", Phase: "broken"}},
		Events: []record.Event{{AtS: 0, Kind: "phase", Text: "phase steady"}, {AtS: 12, Kind: "fault", Text: "outage on db: on"}},
		Traced: []record.Trace{{
			ID: traceID, Load: "users", Request: "GET /x", Phase: "broken", Outcome: record.Failed, Error: "timeout", IntendedS: 13, LatencyMs: 40,
			Spans: []record.TraceSpan{{ID: 1, Kind: "server", Instance: "shop-1", What: "GET /x", EndMs: &end, WaitedMs: &waited, Class: "failed", Status: 502},
				{ID: 2, Parent: 1, Kind: "attempt", Instance: "shop-1", To: "db-1", What: "read", StartMs: 5, Class: "gave up"}},
		}},
	}
}

// A run arrives whole: its figures, its spans within each other at their times, its events once.
func TestARunIsSent(t *testing.T) {
	t.Parallel()
	c := collecting(t)
	e := exporter(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Basic%20abc, x-scope=a", "OTEL_RESOURCE_ATTRIBUTES": "team=shop"})
	so := sample()
	so.Events = so.Events[1:] // told in another order at the end
	if err := e.SendSoFar(t.Context(), so); err != nil {
		t.Fatal(err)
	}
	if err := e.SendAll(t.Context(), sample()); err != nil {
		t.Fatal(err)
	}
	if c.headers.Get("Authorization") != "Basic abc" || c.headers.Get("X-Scope") != "a" {
		t.Errorf("headers %v", c.headers)
	}
	var told []string
	for _, r := range c.logs.ResourceLogs {
		for _, one := range r.ScopeLogs[0].LogRecords {
			told = append(told, one.Body.GetStringValue())
		}
	}
	if got := strings.Join(told, "; "); got != "outage on db: on; phase steady" {
		t.Errorf("log records: %s", got)
	}
	if at := c.logs.ResourceLogs[0].ScopeLogs[0].LogRecords[0].TimeUnixNano; at != 1014e9 {
		t.Errorf("the outage, 12 s into the phases that began 2 s after 1000 s, is told at %d", at)
	}
	testSpans(t, c.traces.ResourceSpans[0].ScopeSpans[0].Spans)
	testFigures(t, &c.metrics)
}

func testSpans(t *testing.T, spans []*trace.Span) {
	t.Helper()
	names := map[string]string{"": ""}
	for _, s := range spans {
		names[string(s.TraceId)+string(s.SpanId)] = s.Name
	}
	var got []string
	for _, s := range spans {
		parent := ""
		if s.ParentSpanId != nil {
			parent = " in " + names[string(s.TraceId)+string(s.ParentSpanId)]
		}
		got = append(got, s.Name+parent+" "+time.Unix(0, int64(s.StartTimeUnixNano)).UTC().Format("4:05.000")+"-"+time.Unix(0, int64(s.EndTimeUnixNano)).UTC().Format("4:05.000")+" "+s.GetStatus().GetMessage())
	}
	want := []string{
		"run shop 16:40.000-17:02.000 ",
		"phase steady in run shop 16:42.000-16:52.000 ", "phase broken in run shop 16:52.000-17:02.000 ",
		"fault outage in phase broken 16:54.000-16:57.000 ",
		"GET /x 16:55.000-16:55.040 timeout", "shop-1: GET /x in GET /x 16:55.000-16:55.030 ", "shop-1: read in shop-1: GET /x 16:55.005-16:55.040 ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("spans:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if id := hex.EncodeToString(spans[4].TraceId); id != traceID {
		t.Errorf("the request's trace is %s, and its own name is %s", id, traceID)
	}
}

func testFigures(t *testing.T, m *metrics.MetricsData) {
	t.Helper()
	last := m.ResourceMetrics[len(m.ResourceMetrics)-1]
	found := 0
	for _, one := range last.ScopeMetrics[0].Metrics {
		switch one.Name {
		case "squall_load_requests_total":
			found++
			for _, p := range one.GetSum().DataPoints {
				for _, a := range p.Attributes {
					if a.Key == "outcome" && a.Value.GetStringValue() == "ok" && (p.GetAsDouble() != 10 || p.StartTimeUnixNano != 1002e9 || p.TimeUnixNano != 1022e9) {
						t.Errorf("ok requests: %v", p)
					}
				}
			}
		case "squall_load_latency_seconds":
			found++
			p := one.GetHistogram().DataPoints[0]
			var sum uint64
			for i, n := range p.BucketCounts {
				sum += n
				if n > 0 && (p.ExplicitBounds[i] != .025 || n != 10) {
					t.Errorf("%d answers of 20 ms are at most %v s", n, p.ExplicitBounds[i])
				}
			}
			if sum != p.Count || sum != 10 || len(p.BucketCounts) != len(p.ExplicitBounds)+1 {
				t.Errorf("buckets %v of %d", p.BucketCounts, p.Count)
			}
		}
	}
	if found != 2 {
		t.Errorf("metrics: %v", last.ScopeMetrics[0].Metrics)
	}
}

// What is refused is told with its reason, and never with the header that may be a secret.
func TestNotTaken(t *testing.T) {
	t.Parallel()
	c := collecting(t)
	c.code = http.StatusTooManyRequests
	e := exporter(t, map[string]string{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": c.URL + "/v1/logs", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=secret"})
	err := e.SendAll(t.Context(), sample())
	if err == nil || err.Error() != "send logs over OTLP: "+c.URL+"/v1/logs answers 429 Too Many Requests: no room" {
		t.Errorf("error %v", err)
	}
	c.code = http.StatusOK
	c.logs.Reset()
	if err := e.SendAll(t.Context(), sample()); err != nil || len(c.logs.ResourceLogs[0].ScopeLogs[0].LogRecords) != 2 {
		t.Errorf("what was not taken is sent again: %v, %v", err, c.logs.ResourceLogs)
	}
	if c.metrics.ResourceMetrics != nil || c.traces.ResourceSpans != nil {
		t.Error("sent is what nobody asked for")
	}
}

// A run that goes on is sent again and again, and a failure is told once.
func TestFollow(t *testing.T) {
	t.Parallel()
	c := collecting(t)
	c.code = http.StatusServiceUnavailable
	e := exporter(t, map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": c.URL + "/v1/metrics", "OTEL_METRIC_EXPORT_INTERVAL": "5"})
	asked, warned := make(chan struct{}, 100), 0
	stop := e.Follow(t.Context(), func(context.Context) (*record.Result, error) {
		select {
		case asked <- struct{}{}:
		default:
		}
		return sample(), nil
	}, func(error) { warned++ })
	for range 5 {
		<-asked
	}
	stop()
	if warned != 1 {
		t.Errorf("warned %d times", warned)
	}
}

// What the environment says badly is said back by its name.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for _, c := range []struct {
		environment map[string]string
		want        string
	}{
		{map[string]string{endpoint: "localhost:4318"}, "OTEL_EXPORTER_OTLP_ENDPOINT is not the URL of an OTLP endpoint: give one as in http://127.0.0.1:4318"},
		{map[string]string{endpoint: "http://a", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "OTEL_EXPORTER_OTLP_PROTOCOL is grpc: squall speaks http/protobuf alone, which collectors take at port 4318"},
		{map[string]string{endpoint: "http://a", "OTEL_EXPORTER_OTLP_HEADERS": "secret"}, "OTEL_EXPORTER_OTLP_HEADERS is not pairs as in name=value,other=value"},
		{map[string]string{endpoint: "http://a", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"}, `OTEL_EXPORTER_OTLP_TIMEOUT is "10s": give milliseconds above zero, as in 10000`},
		{map[string]string{endpoint: "http://a", "OTEL_METRIC_EXPORT_INTERVAL": "0"}, `OTEL_METRIC_EXPORT_INTERVAL is "0": give milliseconds above zero, as in 10000`},
		{map[string]string{endpoint: "http://a", "OTEL_EXPORTER_OTLP_CERTIFICATE": "no-such-file"}, "read OTEL_EXPORTER_OTLP_CERTIFICATE: open no-such-file: no such file or directory"},
	} {
		if _, err := FromEnvironment(func(name string) string { return c.environment[name] }); err == nil || err.Error() != c.want {
			t.Errorf("%v: error %v, want %q", c.environment, err, c.want)
		}
	}
	for _, off := range []map[string]string{
		{}, {endpoint: "http://a", "OTEL_SDK_DISABLED": "true"},
		{endpoint: "http://a", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"},
	} {
		if e := exporter(t, off); e.Sends() {
			t.Errorf("%v: it sends", off)
		}
	}
}
