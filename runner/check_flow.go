package runner

import (
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// entryChecks hold the requests that the mesh saw at the entry against what the generator sent.
func (r *run) entryChecks(res *record.Result) []record.Check {
	if r.start == nil || r.final == nil {
		return nil
	}
	var out []record.Check
	for _, l := range r.o.Plan.Scenario.Loads {
		if !l.Plain() {
			continue // what crosses its edge are not single requests that the mesh could tell apart
		}
		flow := analysis.EntryFlow(l.Name, res)
		flow.InFlight = res.Generator.MaxInFlight
		flow.Late = r.start.At.Sub(r.zero)
		flow.Seconds = r.ended.Seconds()
		out = append(out, flow.Check(l.Name))
	}
	return out
}

// callsCheck holds what callers counted against what the mesh saw, over each edge on which the two count the same.
func (r *run) callsCheck(res *record.Result) *record.Check {
	var all []analysis.Calls
	// held are the attempts of the phases before that the mesh has not seen yet: a fault that keeps what is sent lets it go later.
	held := make(map[string]int64)
	before := r.warmedUp()
	for i := range res.Phases {
		start, end := r.bounds(res, i)
		if start == nil || end == nil {
			continue
		}
		seconds := end.At.Sub(start.At).Seconds()
		for _, e := range r.o.Plan.Edges {
			calls, counted := callsOf(start, end, e)
			if !counted || !r.comparable(e) || seconds <= 0 || end.Nodes[e.From].Counters[healthChecks] > 0 {
				continue
			}
			seen := meshOf(end, e.Name).Requests - meshOf(start, e.Name).Requests
			c := analysis.Calls{
				Where: e.Name + " in " + res.Phases[i].Name, Attempts: calls.Attempts, Broken: calls.Failures + calls.GaveUp,
				Seen:     seen,
				InFlight: start.Nodes[e.From].Calls[e.Callee()].InFlight + end.Nodes[e.From].Calls[e.Callee()].InFlight + held[e.Name],
				Rate:     before.of(e.Name, float64(max(calls.Attempts, seen))/seconds, max(start.Nodes[e.From].Unseen, end.Nodes[e.From].Unseen)),
			}
			held[e.Name] = max(0, held[e.Name]+c.Attempts-c.Seen)
			if _, virtual := r.o.Engine.(Enclosing); !virtual {
				c.Skew = apart(start, end, e.From).Seconds()
			}
			all = append(all, c)
		}
	}
	return analysis.CallsCheck(all)
}

// healthChecks counts a caller's health checks: requests beside its attempts.
const healthChecks = "squall_health_checks_total"

// readingSkew is how far apart in real time the mesh and an instance may be read that answer at once.
const readingSkew = 100 * time.Millisecond

// apart is how far apart in real time the mesh and an instance may have been read on either end of a stretch, with the time in which the instance
// ran and was not read.
func apart(start, end *Observation, instance string) time.Duration {
	first, last := start.Nodes[instance], end.Nodes[instance]
	return max(readingSkew, start.MeshTook, first.Took, end.MeshTook, last.Took) + max(first.Unseen, last.Unseen)
}

// comparable tells that an attempt over an edge is a request that the mesh counts, and nothing else is but health checks: HTTP between built-in nodes.
func (r *run) comparable(e topology.Edge) bool {
	from, known := r.o.Plan.Instance(e.From)
	to, found := r.o.Plan.Instance(e.To)
	if !known || !found || !from.Node.BuiltIn() || !to.Node.BuiltIn() {
		return false
	}
	switch to.Node.Kind {
	case scenarios.KindGateway, scenarios.KindCDN, scenarios.KindService, scenarios.KindQueue, scenarios.KindStream:
		return true
	}
	return false
}
