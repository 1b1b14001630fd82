package runner

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// stretch is a time between two readings.
type stretch struct {
	name       string
	start, end *Observation
	exact      bool // the readings are of one moment each, as in virtual time
}

// stretches are the phases, and the whole run to its end; those without a reading at either end are left out.
func (r *run) stretches(res *record.Result) []stretch {
	_, virtual := r.o.Engine.(Enclosing)
	var out []stretch
	add := func(name string, start, end *Observation) {
		if start != nil && end != nil && end.At.After(start.At) {
			out = append(out, stretch{name, start, end, virtual})
		}
	}
	for i, p := range res.Phases {
		start, end := r.bounds(res, i)
		add(p.Name, start, end)
	}
	add("the whole run", r.start, r.final)
	return out
}

// skew is how many may have come between its readings, which are so far apart on either end, of those of whom so many came a second.
func (s stretch) skew(perSecond float64, apart time.Duration) int64 {
	if s.exact {
		return 0
	}
	return 2 + int64(math.Ceil(3*perSecond*apart.Seconds()))
}

// perSecond is the rate of so many in a stretch.
func (s stretch) perSecond(came int64) float64 {
	return float64(came) / s.end.At.Sub(s.start.At).Seconds()
}

// paces are the greatest rates so far, a second, by who had them. Who was ended unread in a stretch had in it only what came until then, and all of
// that may be uncounted: how much it can be shows in the time before.
type paces map[string]float64

// warmedUp are those of instances and edges until the first phase begins, as far as there was a load.
func (r *run) warmedUp() paces {
	out := paces{}
	seconds := r.o.Plan.Scenario.WarmUpTime().Seconds()
	if r.start == nil || seconds <= 0 {
		return out
	}
	for name, n := range r.start.Nodes {
		out[name] = float64(n.Stays.In) / seconds
	}
	for name, e := range r.start.Edges {
		out[name] = float64(e.Requests) / seconds
	}
	return out
}

// of is the rate to reckon with: the present one, or of who was not seen for some time, the greatest so far.
func (p paces) of(name string, perSecond float64, unseen time.Duration) float64 {
	p[name] = max(p[name], perSecond)
	if unseen > 0 {
		return p[name]
	}
	return perSecond
}

// places are all nodes, edges and queues, in each phase and over the whole run.
func (r *run) places(res *record.Result) []analysis.Place {
	var out []analysis.Place
	before := r.warmedUp()
	for _, s := range r.stretches(res) {
		for _, e := range r.o.Plan.Edges {
			out = append(out, s.awaiting(e))
			if p, told := s.attempts(e); told {
				out = append(out, p)
			}
		}
		for _, i := range r.o.Plan.Instances {
			first, known := s.start.Nodes[i.Name]
			last := s.end.Nodes[i.Name]
			if !i.Node.BuiltIn() || !known || !last.whole(&first) {
				continue
			}
			out = append(out, r.requests(s, i, first, last, before))
			out = append(out, s.waits(i, first, last)...)
		}
	}
	return out
}

// awaiting are the requests over an edge whose answer has not begun, as the mesh counts them.
func (s stretch) awaiting(e topology.Edge) analysis.Place {
	first, last := meshOf(s.start, e.Name), meshOf(s.end, e.Name)
	stays := last.Awaiting.Sub(first.Awaiting)
	p := analysis.Place{
		Where: e.Name + " in " + s.name, Stays: stays, Skewed: s.skew(s.perSecond(stays.In), readingSkew),
		Counts: []analysis.Count{
			equal("the mesh counts requests:", last.Requests-first.Requests, stays.In),
			equal("the mesh counts answers and requests without one:",
				last.FirstBytes-first.FirstBytes+last.Unanswered-first.Unanswered, stays.Out),
		},
	}
	if s.exact && last.Unanswered == first.Unanswered {
		p.Took = ptr(last.FirstByteTotal - first.FirstByteTotal)
	}
	return p
}

// attempts are those of a caller over an edge. They are read together, so that they agree on every engine.
func (s stretch) attempts(e topology.Edge) (analysis.Place, bool) {
	calls, counted := callsOf(s.start, s.end, e)
	if !counted {
		return analysis.Place{}, false
	}
	stays := s.end.Nodes[e.From].Attempts[e.Callee()].Sub(s.start.Nodes[e.From].Attempts[e.Callee()])
	return analysis.Place{
		Where: "attempts " + e.Name + " in " + s.name, Stays: stays,
		Counts: []analysis.Count{
			equal("begun are", calls.Attempts, stays.In),
			equal("under way are", calls.InFlight, stays.Inside),
			equal("ok, failed and given up are", calls.Answered()+calls.Failures+calls.GaveUp, stays.Out+stays.Lost),
		},
	}, true
}

// requests are those in an instance. Where everything that comes to it is a request of HTTP over an edge, it has had as many as
// the mesh has seen go there and not fewer than had an answer: from the first one on, since they may be counted on either side of a reading.
func (r *run) requests(s stretch, i topology.Instance, first, last NodeCounters, before paces) analysis.Place {
	stays := last.Stays.Sub(first.Stays)
	p := analysis.Place{Where: i.Name + " in " + s.name, Stays: stays}
	if s.exact {
		p.Took = ptr(time.Duration(math.Round((last.Counters[requestSeconds] - first.Counters[requestSeconds]) * float64(time.Second))))
	}
	if !overHTTP(i.Node.Kind) {
		return p
	}
	var seen, answered, crossed int64
	for _, e := range r.o.Plan.Edges {
		if e.To != i.Name {
			continue
		}
		mesh, caller := meshOf(s.end, e.Name), s.end.Nodes[e.From]
		if from, is := r.o.Plan.Instance(e.From); !last.whole(nil) || !caller.whole(nil) || is && !from.Node.BuiltIn() {
			return p // some are not known any more, or an image may send several at once over one connection
		}
		seen += mesh.Requests
		crossed += mesh.Requests - meshOf(s.start, e.Name).Requests
		answered += mesh.FirstBytes
		if checks := int64(caller.Counters[healthChecks]); checks > 0 {
			answered -= checks + 1 // which a service answers without work; one may be under way
		}
	}
	// As many came as the mesh has seen, where the instance was read for the last time before they did.
	perSecond := before.of(i.Name, s.perSecond(max(stays.In, crossed)), max(first.Unseen, last.Unseen))
	p.Skewed = s.skew(perSecond, apart(s.start, s.end, i.Name))
	p.Counts = append(p.Counts,
		equal("its metric counts requests:", int64(last.Counters[requestsTotal]-first.Counters[requestsTotal]), stays.In),
		analysis.Count{What: "requests that it has had since it was launched are", N: last.Stays.In, Least: answered, Most: seen})
	return p
}

// overHTTP tells the kinds of node all of whose requests are of HTTP, one after the other on a connection.
func overHTTP(kind scenarios.Kind) bool {
	switch kind {
	case scenarios.KindGateway, scenarios.KindCDN, scenarios.KindService, scenarios.KindQueue, scenarios.KindStream, scenarios.KindCache:
		return true
	}
	return false
}

// Metrics of a node that its stays are held against.
const (
	requestsTotal  = "squall_requests_total"
	requestSeconds = "squall_request_seconds_total"
)

// waits are the messages that wait in a queue or a stream, by who they wait for: what was published was settled, waits, or
// was lost with a life of the instance.
func (s stretch) waits(i topology.Instance, first, last NodeCounters) []analysis.Place {
	var out []analysis.Place
	for _, who := range slices.Sorted(maps.Keys(last.Waits)) {
		stays := last.Waits[who].Sub(first.Waits[who])
		p := analysis.Place{Where: "messages in " + i.Name + " for " + who + " in " + s.name, Stays: stays, Skewed: s.skew(s.perSecond(stays.In), apart(s.start, s.end, i.Name))}
		if last.Waits[who].Lost == 0 { // else what was settled and not yet on disk is delivered again
			grown := func(metric string) int64 { return int64(last.Counters[metric] - first.Counters[metric]) }
			label := `{subscriber="` + who + `"}`
			settled := grown("squall_subscriber_delivered_total"+label) + grown("squall_subscriber_dead_total"+label) +
				grown("squall_subscriber_expired_total"+label)
			p.Counts = []analysis.Count{
				equal("published are", grown("squall_messages_total"), stays.In),
				equal("delivered, dead and expired on disk are", settled-grown("squall_settling_messages"+label), stays.Out),
				equal("its metric counts as waiting:", grown("squall_lag_messages"+label), stays.Inside),
			}
		}
		out = append(out, p)
	}
	return out
}

func equal(what string, n, to int64) analysis.Count {
	return analysis.Count{What: what, N: n, Least: to, Most: to}
}
