package runner

import (
	"context"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/traces"
	"github.com/squallhq/squall/scenarios/topology"
)

// newTraces chooses among the requests of a plan.
func newTraces(p *topology.Plan, phases []record.Span) *traces.Collector {
	kinds := 0
	for _, l := range p.Scenario.Loads {
		kinds += len(l.Requests)
	}
	return traces.New(phases, kinds, p.Seed)
}

// trace asks for the spans of requests that were chosen, beside the loop, unless it is still asking: nodes remember them for seconds.
func (r *run) trace(ctx context.Context) {
	if r.tracing != nil {
		select {
		case <-r.tracing:
		default:
			return
		}
	}
	done := make(chan struct{})
	r.tracing = done
	r.operations.Go(func() {
		defer close(done)
		r.askSpans(ctx)
	})
}

// askSpans asks once, if there is anything to ask.
func (r *run) askSpans(ctx context.Context) {
	if wanted := r.traces.Wanted(); len(wanted) > 0 {
		r.traces.Heard(wanted, r.system.Spans(context.WithoutCancel(ctx), wanted), r.zero)
	}
}

// traceRest asks for what ended last.
func (r *run) traceRest(ctx context.Context) {
	if r.tracing != nil {
		<-r.tracing
	}
	r.askSpans(ctx)
}

// traced are the requests that were kept hop by hop.
func (r *run) traced(into *record.Result) {
	of := traces.System{Zero: r.zero, Edges: map[[2]string]string{}}
	for _, e := range r.o.Plan.Edges {
		of.Edges[[2]string{e.From, e.To}] = e.Name
	}
	for _, i := range r.o.Plan.Instances {
		if i.Node.Image == "" {
			of.Instances = append(of.Instances, i.Name)
		}
	}
	for _, f := range into.Faults {
		if f.AppliedS == nil {
			continue
		}
		one := traces.Fault{Name: f.Name, On: seconds(*f.AppliedS), Off: r.o.Plan.Total + drainMargin, Edges: f.Edges, Instances: f.Instances}
		if f.UndoneS != nil {
			one.Off = seconds(*f.UndoneS)
		}
		of.Faults = append(of.Faults, one)
	}
	into.Traced, into.Traces = r.traces.Traces(of)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
