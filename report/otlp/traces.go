package otlp

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/squallhq/squall/runner/record"
)

// spansOf are a run as one trace (the run, its phases in it, the faults in these, and what people did), and the requests that were kept hop by
// hop as traces of their own, under the ids that they had.
func spansOf(r *record.Result) []*trace.Span {
	of := sha256.Sum256([]byte("squall run " + r.Run))
	id := of[:16]
	run := &trace.Span{
		TraceId: id, SpanId: spanID(id, "run"), Name: "run " + r.Scenario, Kind: trace.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: uint64(r.Started.UnixNano()), EndTimeUnixNano: at(r, r.DurationS),
		Attributes: attributes("squall.verdict", string(r.Verdict)), Status: status(r.Verdict != record.Fail, ""),
	}
	out := []*trace.Span{run}
	phases := map[string][]byte{}
	for i, p := range r.Phases {
		s := &trace.Span{
			TraceId: id, SpanId: spanID(id, fmt.Sprint("phase ", i)), ParentSpanId: run.SpanId, Name: "phase " + p.Name, Kind: trace.Span_SPAN_KIND_INTERNAL,
			StartTimeUnixNano: at(r, p.StartS), EndTimeUnixNano: at(r, p.EndS),
		}
		phases[p.Name] = s.SpanId
		out = append(out, s)
	}
	for i, f := range r.Faults {
		if f.AppliedS == nil {
			continue
		}
		parent := phases[f.Phase]
		if parent == nil {
			parent = run.SpanId
		}
		out = append(out, &trace.Span{
			TraceId: id, SpanId: spanID(id, fmt.Sprint("fault ", i)), ParentSpanId: parent, Name: "fault " + cmp.Or(f.Text, f.Name), Kind: trace.Span_SPAN_KIND_INTERNAL,
			StartTimeUnixNano: at(r, *f.AppliedS), EndTimeUnixNano: at(r, until(f.UndoneS, r.DurationS)),
			Attributes: attributes("squall.fault.kind", f.Kind, "squall.fault.on", f.On, "squall.fault.receipt", f.Receipt.Text), Status: status(f.Error == "", f.Error),
		})
	}
	for i, a := range r.Actions {
		out = append(out, &trace.Span{
			TraceId: id, SpanId: spanID(id, fmt.Sprint("action ", i)), ParentSpanId: run.SpanId, Name: "action " + a.What, Kind: trace.Span_SPAN_KIND_INTERNAL,
			StartTimeUnixNano: at(r, a.AtS), EndTimeUnixNano: at(r, until(a.UndoneS, a.AtS)),
			Attributes: attributes("squall.action.who", cmp.Or(a.Person, a.Who), "squall.action.door", a.Door, "squall.action.on", a.On),
		})
	}
	for _, t := range r.Traced {
		out = append(out, requestOf(r, t)...)
	}
	return out
}

// requestOf is one request hop by hop. Its spans are of the record: what images trace of it themselves has the same trace's id.
func requestOf(r *record.Result, t record.Trace) []*trace.Span {
	id, err := hex.DecodeString(t.ID)
	if err != nil || len(id) != 16 {
		return nil
	}
	ms := func(ms float64) uint64 { return at(r, t.IntendedS+ms/1000) }
	root := &trace.Span{
		TraceId: id, SpanId: spanID(id, "request"), Name: t.Request, Kind: trace.Span_SPAN_KIND_CLIENT, StartTimeUnixNano: ms(t.SentMs), EndTimeUnixNano: ms(t.LatencyMs),
		Attributes: append(attributes("squall.load", t.Load, "squall.phase", t.Phase, "squall.outcome", string(t.Outcome), "squall.chosen", t.Chosen), answered(t.Status)...),
		Status:     status(t.Outcome != record.Failed, t.Error),
	}
	out := []*trace.Span{root}
	for _, s := range t.Spans {
		parent := root.SpanId
		if s.Parent != 0 {
			parent = spanID(id, fmt.Sprint(s.Parent))
		}
		kind := trace.Span_SPAN_KIND_SERVER
		if s.Kind == "attempt" {
			kind = trace.Span_SPAN_KIND_CLIENT
		}
		all := append(attributes("service.instance.id", s.Instance, "server.address", s.To, "squall.edge", s.Edge, "squall.class", s.Class), answered(s.Status)...)
		if s.WaitedMs != nil {
			all = append(all, number("squall.waited_ms", *s.WaitedMs))
		}
		if s.Number > 0 {
			all = append(all, whole("squall.attempt", int64(s.Number)))
		}
		out = append(out, &trace.Span{
			TraceId: id, SpanId: spanID(id, fmt.Sprint(s.ID)), ParentSpanId: parent, Name: s.Instance + ": " + s.What, Kind: kind,
			StartTimeUnixNano: ms(s.StartMs), EndTimeUnixNano: ms(until(s.EndMs, t.LatencyMs)), Attributes: all,
			Status: status(s.Class != "failed" && s.Class != "gave up", s.Why),
		})
	}
	return out
}

func answered(code int) []*common.KeyValue {
	if code == 0 {
		return nil
	}
	return []*common.KeyValue{whole("http.response.status_code", int64(code))}
}

// spanID is a span's id, by its trace's and what it is called in it.
func spanID(trace []byte, name string) []byte {
	sum := sha256.Sum256(append(append([]byte{}, trace...), name...))
	return sum[:8]
}

func status(well bool, why string) *trace.Status {
	if well {
		return &trace.Status{}
	}
	return &trace.Status{Code: trace.Status_STATUS_CODE_ERROR, Message: why}
}

func until(end *float64, otherwise float64) float64 {
	if end == nil {
		return otherwise
	}
	return *end
}
