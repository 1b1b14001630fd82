package runner

import (
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
)

// entryChecks hold the requests that the mesh saw at the entry against what the generator sent.
func (r *run) entryChecks(res *record.Result) []record.Check {
	if r.start == nil || r.final == nil {
		return nil
	}
	var out []record.Check
	for _, l := range r.o.Plan.Scenario.Loads {
		flow := analysis.EntryFlow(l.Name, res)
		flow.InFlight = res.Generator.MaxInFlight
		flow.Late = r.start.At.Sub(r.zero)
		flow.Seconds = r.ended.Seconds()
		out = append(out, flow.Check(l.Name))
	}
	return out
}

// littleCheck compares two independent clocks over the steady stretch: the requests in flight behind the entry as the mesh
// integrated them (time to first byte, summed), and rate x latency as the generator measured them.
func (r *run) littleCheck(res *record.Result) *record.Check {
	if r.start == nil || r.quiet == nil || r.ended < quietEnd(r.o.Plan) {
		return nil
	}
	l := analysis.Little{Seconds: r.quiet.At.Sub(r.start.At).Seconds()}
	for _, e := range r.o.Plan.Edges {
		if !e.Client {
			continue
		}
		first, last := meshOf(r.start, e.Name), meshOf(r.quiet, e.Name)
		l.Mesh += last.FirstByteTotal - first.FirstByteTotal
		l.Answers += last.FirstBytes - first.FirstBytes
	}
	for _, p := range res.Phases {
		if p.EndS > record.Seconds(quietEnd(r.o.Plan))+1e-9 {
			continue
		}
		for _, q := range p.Requests {
			if q.Sent == q.Unsent {
				continue
			}
			l.Generator += time.Duration(q.ServiceMs.Mean * float64(q.Sent-q.Unsent) * float64(time.Millisecond))
			l.Sent += q.Sent - q.Unsent
			l.PhaseSeconds = p.EndS
			l.Longest = max(l.Longest, time.Duration(q.ServiceMs.Max*float64(time.Millisecond)))
		}
	}
	return l.Check()
}
