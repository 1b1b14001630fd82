package findings

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/squallhq/squall/runner/record"
)

// diagnosis is a run as the rules look at it: what was run, what each phase counted by node and by pair of nodes, and what
// users lost.
type diagnosis struct {
	*design
	r      *record.Result
	steady *phase // the first one in which users lost next to nothing and no fault was on; nil: there is none
	phases []*phase
	paths  map[string]map[string]bool // the nodes that a load's request comes by
	series map[string][]second        // by node, as far as they were asked for
}

// phase is one phase's counts.
type phase struct {
	record.Phase
	number int
	pairs  map[[2]string]*pair
	counts map[string]map[string]float64 // by node, all instances together
	each   map[string]map[string]float64 // by instance
	harms  []harm
	faults []*record.Fault // that were on in it
	acts   []*record.Action
	cut    int64 // connections that they, and hands, have cut
}

// pair is what crossed all edges from one node (or load) to another.
type pair struct {
	attempts, retries, failures, gaveUp, requests, connections int64
	ended                                                      int64 // of the attempts, those of the phase before that ended in this one included
	amplification, firstByteMs                                 float64
	edges                                                      []record.Edge
}

func diagnose(r *record.Result) (*diagnosis, error) {
	if r.Design == nil {
		return nil, nil
	}
	shape, err := readDesign(r.Design)
	if err != nil {
		return nil, err
	}
	d := &diagnosis{design: shape, r: r, paths: map[string]map[string]bool{}, series: map[string][]second{}}
	nodeOf := map[string]string{}
	for _, n := range r.Nodes {
		nodeOf[n.Instance] = n.Name
	}
	for i, p := range r.Phases {
		one := &phase{Phase: p, number: i, pairs: pairsOf(p.Edges), counts: map[string]map[string]float64{}, each: map[string]map[string]float64{}}
		for _, n := range p.Nodes {
			one.each[n.Instance] = n.Counters
			sum := one.counts[nodeOf[n.Instance]]
			if sum == nil {
				sum = map[string]float64{}
				one.counts[nodeOf[n.Instance]] = sum
			}
			for name, v := range n.Counters {
				sum[name] += v
			}
		}
		for f := range r.Faults {
			if on(&r.Faults[f], p) {
				one.faults = append(one.faults, &r.Faults[f])
				one.cut += r.Faults[f].Receipt.Reset + r.Faults[f].Receipt.Closed
			}
		}
		for a := range r.Actions {
			if act := &r.Actions[a]; act.In(p) {
				one.acts = append(one.acts, act)
				if act.Receipt != nil {
					one.cut += act.Receipt.Reset + act.Receipt.Closed
				}
			}
		}
		d.phases = append(d.phases, one)
	}
	for _, p := range d.phases {
		p.harms = harmsOf(r, p, nil)
		if d.steady == nil && len(p.faults) == 0 && float64(p.lost()) < 0.01*float64(p.sent()) && !unmet(r, p) {
			d.steady = p
		}
	}
	for _, p := range d.phases {
		if d.steady != nil && p != d.steady {
			p.harms = harmsOf(r, p, d.steady)
		}
		p.expect(r)
	}
	return d, nil
}

// on tells that a fault was on for some of a phase; of one that stays, that it came on in it.
func on(f *record.Fault, p record.Phase) bool {
	return f.OnIn(p) && (f.UndoneS != nil || *f.AppliedS >= p.StartS)
}

func pairsOf(edges []record.Edge) map[[2]string]*pair {
	out := map[[2]string]*pair{}
	for _, e := range edges {
		p := out[[2]string{e.From, e.To}]
		if p == nil {
			p = &pair{}
			out[[2]string{e.From, e.To}] = p
		}
		waited := p.firstByteMs*float64(p.requests) + e.FirstByteMs*float64(e.Requests)
		p.attempts += e.Attempts
		p.ended += e.Attempts - e.InFlight
		p.retries += e.Retries
		p.failures += e.Failures
		p.gaveUp += e.GaveUp
		p.requests += e.Requests
		p.connections += e.Connections
		p.amplification = max(p.amplification, e.Amplification)
		if p.requests > 0 {
			p.firstByteMs = waited / float64(p.requests)
		}
		p.edges = append(p.edges, e)
	}
	return out
}

// bad is the share of a pair's attempts that were not answered well, of those that ended in the phase: what failed in it may have begun
// in the one before. 0 where none ended.
func (p *pair) bad() float64 { return share(p.failures+p.gaveUp, p.ended) }

func share(n, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// between is what crossed from one node to another in a phase; never nil.
func (p *phase) between(from, to string) *pair {
	if one := p.pairs[[2]string{from, to}]; one != nil {
		return one
	}
	return &pair{}
}

// count is what all instances of a node counted in a phase.
func (p *phase) count(node, metric string) float64 { return p.counts[node]["squall_"+metric] }

// counted tells that any node counted some of a metric in a phase.
func (p *phase) counted(metric string) bool {
	for node := range p.counts {
		if p.count(node, metric) > 0 {
			return true
		}
	}
	return false
}

func (p *phase) seconds() float64 { return p.EndS - p.StartS }

// waited is the mean time in ms that a request of a node waited for a worker in a phase.
func (p *phase) waited(node string) float64 {
	if n := p.count(node, "queued_total"); n > 0 {
		return 1000 * p.count(node, "queue_seconds_total") / n
	}
	return 0
}

// harmed are the phases in which users lost something, the worst first.
func (d *diagnosis) harmed() []*phase {
	out := slices.Clone(d.phases)
	out = slices.DeleteFunc(out, func(p *phase) bool { return p.lost() == 0 })
	slices.SortStableFunc(out, func(a, b *phase) int { return int(b.lost() - a.lost()) })
	return out
}

// finding begins one: of a phase, by what users lost in it whose requests come by a node, or by one of several.
func (d *diagnosis) finding(p *phase, where string, by ...string) record.Finding {
	passes := func(h harm) bool {
		return slices.ContainsFunc(by, func(node string) bool { return d.passes(h.load, h.request, node) })
	}
	return d.lostBy(p, where, passes)
}

// lostBy is finding, by what those requests lost that are said.
func (d *diagnosis) lostBy(p *phase, where string, which func(harm) bool) record.Finding {
	f := record.Finding{Where: where, When: record.Stretch{Phase: p.Name, FromS: p.StartS, ToS: p.EndS}, Who: []string{}}
	lost := map[string]int64{}
	for _, h := range p.harms {
		if h.lost > 0 && which(h) {
			f.Lost += h.lost
			who := h.load + ": " + h.request
			if lost[who] += h.lost; !slices.Contains(f.Who, who) {
				f.Who = append(f.Who, who)
			}
		}
	}
	slices.SortStableFunc(f.Who, func(a, b string) int { return cmp.Compare(lost[b], lost[a]) }) // who lost most comes first
	return f
}

// names are a map's keys, sorted: rules go through maps in one order.
func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func arrow(from, to string) string { return from + " -> " + to }

// list is names in a sentence, the first few.
func list(names []string) string {
	const most = 4
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
