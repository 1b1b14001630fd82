package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
	"github.com/squallhq/squall/scenarios/source"
)

// expectations checks that the phases, requests, loads, edges and faults they name are there.
func (v *Checker) expectations() {
	for i, e := range v.Expect {
		at := scenarios.At("expect").Item(i)
		if e.In == "all" && !v.hasPhase("all") { // all of them, as if it were not given
			v.Expect[i].In, e.In = "", ""
		}
		if e.In != "" {
			v.phaseNamed(e.In, at.Key("in"))
		}
		if e.After != "" {
			v.comesAfter(e, at.Key("after"))
		}
		v.subject(e, at)
		v.judging(e, at)
		v.staleReads(e, at)
		v.reordered(e, at)
	}
}

// reordered checks that a bound on what is out of order has a read back that has an order.
func (v *Checker) reordered(e scenarios.Expectation, at scenarios.Path) {
	ordered := func(l *scenarios.Load) bool { return l.ReadBack != nil && l.ReadBack.Ordered }
	if e.WritesReordered != nil && !slices.ContainsFunc(v.Loads, ordered) {
		v.Problem(at.Key("writes_reordered"), "no load's read_back has the order of the writes",
			`leave it out, or let a read_back list what was written in its order and say so: {sql: NODE, query: "SELECT id FROM orders ORDER BY at", ordered: true}`)
	}
}

// staleReads checks that a bound on stale reads has reads that can be stale: without any it would always hold.
func (v *Checker) staleReads(e scenarios.Expectation, at scenarios.Path) {
	if !slices.ContainsFunc(e.Bounds, func(b scenarios.Bound) bool { return b.Metric == metric.StaleReads }) || v.Report.Full() {
		return
	}
	from := false
	for _, n := range v.Nodes {
		n.EachStep(func(s *scenarios.Step, _ scenarios.Path) { from = from || s.Replica != "" })
	}
	for _, l := range v.Loads {
		for i := range l.Requests {
			from = from || l.Requests[i].Write != nil && l.Requests[i].Write.Read != nil
		}
	}
	if !from {
		v.Problem(at.Key(string(metric.StaleReads)), "nothing reads from a replica, so no read can be stale",
			"leave it out, or have a read name a replica, as in {read: orders-db, replica: orders-replica}")
	}
}

func (v *Checker) hasPhase(name string) bool {
	return slices.ContainsFunc(v.Phases, func(p *scenarios.Phase) bool { return p.Name == name })
}

func (v *Checker) phaseNamed(name string, at scenarios.Path) {
	var names []string
	for _, p := range v.Phases {
		names = append(names, p.Name)
	}
	if !slices.Contains(names, name) && !v.Report.Full() {
		v.Problem(at, fmt.Sprintf("there is no phase %s", source.QuoteShort(name)), source.DidYouMean(name, names, "phases"))
	}
}

// comesAfter checks that what an expectation comes after is a phase with faults or a fault, and that the run goes on for what is to come then.
func (v *Checker) comesAfter(e scenarios.Expectation, at scenarios.Path) {
	name := e.After
	var names []string
	var end, clock time.Duration
	found := false
	for _, p := range v.Phases {
		if p.Name == name {
			found = true
			if len(p.Faults) == 0 {
				v.Problem(at, fmt.Sprintf("phase %s has no faults, so nothing comes of it", source.QuoteShort(name)), "name a phase that has, or a fault")
				return
			}
		}
		if len(p.Faults) > 0 {
			names = append(names, p.Name)
		}
		for _, f := range p.Faults {
			if f.Kind == nil {
				return
			}
			if p.Name == name || faultName(f) == name {
				end = max(end, clock+faultEnd(p, f))
				found = true
			}
			names = append(names, faultName(f))
		}
		clock += p.For
	}
	switch {
	case v.Report.Full():
	case !found && len(names) == 0:
		v.Problem(at, fmt.Sprintf("there is no phase or fault %s", source.QuoteShort(name)), "no phase has a fault; add one to recover from")
	case !found:
		v.Problem(at, fmt.Sprintf("there is no phase or fault %s", source.QuoteShort(name)), source.DidYouMean(name, names, "phases with faults, and faults"))
	case end >= clock && clock > 0 && e.Recovered > 0:
		v.Problem(at, fmt.Sprintf("the run ends with %s, and leaves no time to recover", source.QuoteShort(name)), "add a phase after it")
	}
}

// faultEnd is when a fault ends, from the start of its phase.
func faultEnd(p *scenarios.Phase, f faults.Fault) time.Duration {
	if f.Stays() {
		return f.At // recovery from what stays counts from its begin
	}
	if length, _ := lasts(f); length > 0 {
		return f.At + length
	}
	return p.For
}

func faultName(f faults.Fault) string { return scenarios.FaultName(f) }

// judging checks that how to judge goes with what is judged: latency_of with latencies, confidence with shares and percentiles.
func (v *Checker) judging(e scenarios.Expectation, at scenarios.Path) {
	has := func(is func(metric.Metric) bool) bool {
		return slices.ContainsFunc(e.Bounds, func(b scenarios.Bound) bool { return is(b.Metric.Facts()) })
	}
	switch {
	case len(e.Bounds) == 0:
	case e.LatencyOf != "" && !has(metric.Metric.Latency):
		v.Problem(at.Key("latency_of"), "latency_of stands where no latency is bounded", "leave it out, or bound one, as in p99: \"< 100ms\"")
	case e.Confidence != 0 && !has(func(m metric.Metric) bool { return m.Unit == metric.Share || m.Percentile > 0 }):
		v.Problem(at.Key("confidence"), "confidence stands where no share is bounded", "leave it out, or bound one, as in success: \">= 99%\"")
	case e.Confidence != 0 && (e.Confidence < .5 || e.Confidence >= 1):
		v.Problem(at.Key("confidence"), "confidence is from 50% to less than 100%", "write 95%, as if it were not given, or 99%")
	}
}

// ofEdge tells a bound on a metric of a connection; all others are of requests.
func ofEdge(b scenarios.Bound) bool { return b.Metric.Facts().Of != metric.Requests }

// subject checks of: a request, a load, all, or an edge for the metrics of one.
func (v *Checker) subject(e scenarios.Expectation, at scenarios.Path) {
	i := slices.IndexFunc(e.Bounds, ofEdge)
	others := slices.ContainsFunc(e.Bounds, func(b scenarios.Bound) bool { return !ofEdge(b) })
	from, to, edge := strings.Cut(e.Of, "->")
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	of := at.Key("of")
	switch {
	case i >= 0 && !edge:
		v.Problem(at.Key(string(e.Bounds[i].Metric)), fmt.Sprintf("%s is of a connection", e.Bounds[i].Metric), "add of: NODE -> NODE")
	case i >= 0 && others:
		v.Problem(at.Key(string(e.Bounds[i].Metric)), fmt.Sprintf("%s stands with other metrics", e.Bounds[i].Metric), "make it a line of its own: they are of requests, and it is of a connection")
	case edge && others:
		v.Problem(of, "of names a connection, and these metrics are of requests", "name a request or a load")
	case edge:
		v.connection(from, to, of)
		for _, b := range e.Bounds {
			v.deliveryOf(from, to, b.Metric, at)
		}
	case e.Of != "" && e.Of != "all":
		v.requestNamed(e.Of, of)
	}
}

// deliveryOf checks that a metric of deliveries is of some, and that what is to be fresh has a freshness.
func (v *Checker) deliveryOf(from, to string, m metric.Name, at scenarios.Path) {
	n := v.node(from)
	switch {
	case n == nil || n.Kind == "" || m.Facts().Of != metric.Deliveries:
	case n.Kind != scenarios.KindQueue && n.Kind != scenarios.KindStream || !n.BuiltIn():
		v.Problem(at.Key("of"), fmt.Sprintf("%s is of what a queue or a stream delivers, and %q is a %s", m, n.Name, n.Kind), "name one that delivers, as in events -> search")
	case m == metric.Fresh && !slices.ContainsFunc(n.Receivers(to), func(s *scenarios.Subscriber) bool { return s.Freshness > 0 }) && len(n.Receivers(to)) > 0:
		v.Problem(at.Key(string(m)), fmt.Sprintf("nothing says how old a message of %q may be to be fresh", n.Name), "add freshness: 1s where it delivers to "+source.Shorten(to))
	}
}

func (v *Checker) connection(from, to string, at scenarios.Path) {
	if joined(v.connections, map[string]bool{from: true}, map[string]bool{to: true}) || v.Report.Full() {
		return
	}
	names := make([]string, len(v.connections))
	for i, c := range v.connections {
		names[i] = c.From + " -> " + c.To
	}
	v.Problem(at, fmt.Sprintf("the topology has no connection %s -> %s", source.Shorten(from), source.Shorten(to)), source.DidYouMean(from+" -> "+to, names, "there are"))
}

func (v *Checker) requestNamed(name string, at scenarios.Path) {
	if v.Report.Full() {
		return
	}
	var names []string
	for _, l := range v.Loads {
		names = append(names, l.Name)
		names = append(names, l.Sends()...)
	}
	if !slices.Contains(names, name) {
		v.Problem(at, fmt.Sprintf("no load sends or is named %s", source.QuoteShort(name)), source.DidYouMean(name, names, "there are"))
	}
}
