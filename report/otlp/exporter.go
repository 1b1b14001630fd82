// Package otlp sends a run to where a team looks at its systems, over OTLP: its requests, edges, nodes and faults as metrics; the run, its phases
// and faults, and the requests that were kept hop by hop, as traces; what happened as log records. Where to is what the environment says, in
// OpenTelemetry's own words (OTEL_EXPORTER_OTLP_ENDPOINT and those beside it).
package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/squallhq/squall/runner/record"
)

// Exporter sends runs. The zero value sends nothing.
type Exporter struct {
	traces, metrics, logs destination
	// resource is what all that is sent is of.
	attributes map[string]string
	client     *http.Client
	// interval is between two sendings of a run under way.
	interval time.Duration
	// told are the events that were sent as log records, and how often: the record of a run under way has them in another order than its last.
	told map[record.Event]int
}

// destination is where one kind of what is sent goes; url "": it is not sent.
type destination struct {
	url     string
	headers map[string]string
	timeout time.Duration
}

// mostAnswer bounds what is read of an answer, for its words in an error.
const mostAnswer = 4 << 10

// Sends tells that something is sent at all.
func (e *Exporter) Sends() bool { return e.traces.url+e.metrics.url+e.logs.url != "" }

// SendSoFar sends a run under way: its figures by now, and what happened since the last time.
func (e *Exporter) SendSoFar(ctx context.Context, r *record.Result) error {
	return errors.Join(e.sendMetrics(ctx, r), e.sendLogs(ctx, r))
}

// SendAll sends a run that is over: its last figures, its traces, and what happened since the last time.
func (e *Exporter) SendAll(ctx context.Context, r *record.Result) error {
	return errors.Join(e.SendSoFar(ctx, r), e.sendTraces(ctx, r))
}

func (e *Exporter) sendMetrics(ctx context.Context, r *record.Result) error {
	if e.metrics.url == "" {
		return nil
	}
	all, err := metricsOf(r)
	if err != nil {
		return fmt.Errorf("make metrics of the run: %w", err)
	}
	return e.send(ctx, e.metrics, "metrics", &metrics.MetricsData{ResourceMetrics: []*metrics.ResourceMetrics{{
		Resource: e.resource(r), ScopeMetrics: []*metrics.ScopeMetrics{{Scope: scope(r), Metrics: all}},
	}}})
}

func (e *Exporter) sendTraces(ctx context.Context, r *record.Result) error {
	if e.traces.url == "" {
		return nil
	}
	return e.send(ctx, e.traces, "traces", &trace.TracesData{ResourceSpans: []*trace.ResourceSpans{{
		Resource: e.resource(r), ScopeSpans: []*trace.ScopeSpans{{Scope: scope(r), Spans: spansOf(r)}},
	}}})
}

func (e *Exporter) sendLogs(ctx context.Context, r *record.Result) error {
	fresh := e.untold(r.Events)
	if e.logs.url == "" || len(fresh) == 0 {
		return nil
	}
	if err := e.send(ctx, e.logs, "logs", &logs.LogsData{ResourceLogs: []*logs.ResourceLogs{{
		Resource: e.resource(r), ScopeLogs: []*logs.ScopeLogs{{Scope: scope(r), LogRecords: recordsOf(r, fresh)}},
	}}}); err != nil {
		return err
	}
	for _, one := range fresh {
		e.told[one]++
	}
	return nil
}

// untold are the events that were not sent yet.
func (e *Exporter) untold(events []record.Event) (out []record.Event) {
	seen := map[record.Event]int{}
	for _, one := range events {
		if seen[one]++; seen[one] > e.told[one] {
			out = append(out, one)
		}
	}
	return out
}

// send posts one message, which has the wire format of the service's request.
func (e *Exporter) send(ctx context.Context, to destination, what string, message proto.Message) error {
	body, err := proto.Marshal(message)
	if err != nil {
		return fmt.Errorf("encode %s for OTLP: %w", what, err)
	}
	ctx, cancel := context.WithTimeout(ctx, to.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("send %s over OTLP: %w", what, err)
	}
	for name, value := range to.headers {
		request.Header.Set(name, value)
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	request.Header.Set("User-Agent", "squall-otlp")
	answer, err := e.client.Do(request)
	if err != nil {
		return fmt.Errorf("send %s over OTLP: %w", what, err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was read as far as it is wanted
	words, _ := io.ReadAll(io.LimitReader(answer.Body, mostAnswer))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("send %s over OTLP: %s answers %s: %s", what, to.url, answer.Status, printable(words))
	}
	return nil
}

// printable is what of an answer can be shown: an error's text within protobuf, too.
func printable(words []byte) string {
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffd {
			return -1
		}
		return r
	}, bytes.TrimSpace(words)))
}

func (e *Exporter) resource(r *record.Result) *resource.Resource {
	all := attributes("squall.run", r.Run, "squall.scenario", r.Scenario, "squall.variant", r.Variant, "squall.engine", r.Engine)
	for _, name := range sorted(e.attributes) {
		all = append(all, attribute(name, e.attributes[name]))
	}
	return &resource.Resource{Attributes: all}
}

func scope(r *record.Result) *common.InstrumentationScope {
	return &common.InstrumentationScope{Name: "squall", Version: r.Host.Squall}
}
