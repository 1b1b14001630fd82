package findings

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

var noOtherWay = Kind{
	Name: "no other way",
	Means: "a tenth or more of the attempts at a dependency are not answered well, requests that come by its caller fail, and the caller has nothing else to do than to fail " +
		"with it: no fallback, no copy, nobody else to ask, no queue. Where nothing else tells of a phase in which requests fail, also a node that a load asks itself " +
		"while a fault was on it",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			out = append(out, d.withoutOtherWay(p, false)...)
		}
		return out
	},
}

// withoutOtherWay are the findings of that kind in a phase; anyway: those for which the library has no pattern, too.
func (d *diagnosis) withoutOtherWay(p *phase, anyway bool) (out []record.Finding) {
	for _, key := range pairNames(p) {
		one := p.pairs[key]
		if d.nodes[key[0]] == nil || d.failed(p, key[0]) < 0.01 || one.attempts < 5 || one.bad() < 0.1 && !d.dies(p, key) {
			continue
		}
		for _, c := range d.between(key[0], key[1]) {
			if c.async || c.fallback {
				continue
			}
			f := d.lostBy(p, arrow(key[0], key[1]), func(h harm) bool {
				return d.passes(h.load, h.request, key[0]) && d.passes(h.load, h.request, key[1])
			})
			f.Evidence = append(d.struck(p, key), fmt.Sprintf("%s of %d attempts at %s were not answered well", spell.Percent(one.bad()), one.ended, key[1]))
			f.Because = key[0] + " can't answer without " + key[1]
			if len(c.failover) > 0 {
				f.Because = key[0] + " asks somebody else only once " + key[1] + " has failed it"
			}
			f.Try = d.elsewhere(p, c)
			if (len(f.Try) > 0 || anyway) && f.Lost > 0 {
				out = append(out, f)
				break
			}
		}
	}
	return out
}

// struck names the faults that were on a callee in a phase, or on the way to it; where there were none, those that were so on what it calls in
// its turn and what did badly by it.
func (d *diagnosis) struck(p *phase, key [2]string) []string {
	if direct := p.faultsOn(d, key[1], p.between(key[0], key[1])); len(direct) > 0 {
		return direct
	}
	var deeper []string
	for _, node := range names(d.below(key[1])) {
		for _, c := range d.to(node) {
			if one := p.between(c.from, node); node != key[1] && d.below(key[1])[c.from] && one.bad() >= badShare {
				deeper = append(deeper, p.faultsOn(d, node, one)...)
			}
		}
	}
	slices.Sort(deeper)
	return slices.Compact(deeper)
}

// faultsOn names the faults of a phase that were on a node, or on the way to it from another.
func (p *phase) faultsOn(d *diagnosis, node string, way *pair) (out []string) {
	for _, f := range p.faults {
		nodes, _ := d.reachedBy(f)
		at := slices.Contains(nodes, node) || slices.ContainsFunc(way.edges, func(e record.Edge) bool { return slices.Contains(f.Edges, e.Name) })
		if said := fmt.Sprintf("%s was on %s", f.Text, f.On); at && !slices.Contains(out, said) {
			out = append(out, said)
		}
	}
	return out
}

// failed is the share of the requests which come by a node that failed in a phase.
func (d *diagnosis) failed(p *phase, node string) float64 {
	var failed, sent int64
	for _, h := range p.harms {
		if d.passes(h.load, h.request, node) {
			failed, sent = failed+h.failed, sent+h.sent
		}
	}
	return share(failed, sent)
}

// dies tells that a fault in a phase is on everything that a pair connects.
func (d *diagnosis) dies(p *phase, key [2]string) bool {
	for _, f := range p.faults {
		if nodes, all := d.reachedBy(f); all && slices.Contains(nodes, key[1]) && (f.Kind == "crash" || f.Kind == "outage" || onMachine(f)) {
			return true
		}
	}
	return false
}

// elsewhere are the patterns by which a call's caller would have another way.
func (d *diagnosis) elsewhere(p *phase, c call) []record.Remedy {
	n := d.nodes[c.from]
	callers := map[string]bool{}
	for _, o := range d.to(c.to) {
		callers[o.from] = true
	}
	overloaded := p.waited(c.to) > much || p.count(c.to, "shed_total") > 0
	cut := false
	for _, f := range p.faults {
		cut = cut || f.Kind == "partition"
	}
	database := d.kind(c.to) == scenarios.KindDatabase
	static, stale := false, staleIfError(n.Cache)
	for _, r := range n.Cache {
		static = static || r.Fallback != nil
	}
	serial := d.serialCalls(c.from, c.endpoint)
	return try(
		option{"ladder", d.bare()},
		option{"gateway-jwt", c.identity},
		option{"consistency-choice", cut && c.method == "POST"},
		option{"cdn-static-page", n.Kind == scenarios.KindCDN && stale && !static},
		option{"cdn-stale-if-error", n.Kind == scenarios.KindCDN && !stale && len(n.Cache) > 0 && !overloaded},
		option{"cdn-second-origin", n.Kind == scenarios.KindCDN && len(c.failover) == 0 && len(n.Cache) == 0 && !overloaded},
		option{"region-failover", n.Kind == scenarios.KindGateway && len(c.failover) == 0 && d.nodes[c.to] != nil && d.nodes[c.to].Region != ""},
		option{"static-stability", c.cache != nil && !c.cache.LastGood},
		option{"edge-callouts", serial >= 4 && n.Kind == scenarios.KindService},
		option{"utils-service", len(callers) >= 3 && !overloaded},
		option{"stream-fan-out", n.Kind == scenarios.KindService && c.method == "POST" && serial >= 2 && d.posts(c.from) >= 2},
		option{"queue-buffer", n.Kind == scenarios.KindService && c.method == "POST" && !database},
		option{"fallback", n.Kind == scenarios.KindService && c.method == "GET" && c.cache == nil && !overloaded},
	)
}

// serialCalls is how many steps that ask others an endpoint has one after the other.
func (d *diagnosis) serialCalls(node, endpoint string) int {
	most := 0
	for _, c := range d.from(node) {
		if c.endpoint == endpoint {
			most = max(most, c.serial+1)
		}
	}
	return most
}

// posts is how many other nodes a node hands something to while its caller waits.
func (d *diagnosis) posts(node string) int {
	seen := map[string]bool{}
	for _, c := range d.from(node) {
		if c.method == "POST" {
			seen[c.to] = true
		}
	}
	return len(seen)
}

var instanceLost = Kind{
	Name:  "nobody in its place",
	Means: "an instance was stopped, crashed, cut off or gone with its machine, and those that are left (none, or too few for the load) could not answer for it",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			out = append(out, d.lostInstances(p, false)...)
		}
		return out
	},
}

// lostInstances are the findings of that kind in a phase; anyway: where none is left, also those for which the library has no pattern.
func (d *diagnosis) lostInstances(p *phase, anyway bool) (out []record.Finding) {
	for _, fault := range p.faults {
		if fault.Kind != "crash" && fault.Kind != "stop" && fault.Kind != "outage" && fault.Kind != "scale" && !onMachine(fault) {
			continue
		}
		nodes, _ := d.reachedBy(fault)
		for _, node := range nodes {
			f := d.finding(p, node, node)
			left := d.replicas(node) - len(fault.Instances)
			taken := d.taken(fault, node)
			if onMachine(fault) {
				left = d.replicas(node) - taken
			}
			f.Evidence = []string{fmt.Sprintf("%s took %d of %d instances of %s", fault.Text, taken, d.replicas(node), node)}
			if wait := p.waited(node); wait > much {
				f.Evidence = append(f.Evidence, fmt.Sprintf("requests wait %s for a worker at the rest", spell.Milliseconds(wait)))
			}
			f.Because = "what one instance does is not done while it is gone"
			f.Try = d.replaces(p, node, fault, left)
			if (len(f.Try) > 0 || anyway && taken >= d.replicas(node)) && f.Lost > 0 {
				out = append(out, f)
			}
		}
	}
	return out
}

// onMachine tells of a fault that it takes a machine, with all that is on it.
func onMachine(f *record.Fault) bool { return f.Kind == "machine_loss" || f.Kind == "machine_drain" }

// hit are the instances that a fault was on; of a machine those that were there, as its receipt says.
func hit(f *record.Fault) []string {
	out := slices.Clone(f.Instances)
	for _, did := range f.Receipt.Did {
		if onMachine(f) && !slices.Contains(out, did.Instance) {
			out = append(out, did.Instance)
		}
	}
	return out
}

// taken is how many instances of a node a fault takes. A scale names all that it is about, and says how many stay.
func (d *diagnosis) taken(fault *record.Fault, node string) int {
	n, stay := 0, 0
	for _, one := range d.r.Nodes {
		if one.Name == node && slices.Contains(hit(fault), one.Instance) {
			n++
		}
	}
	if _, err := fmt.Sscanf(fault.Text, "scale to %d", &stay); err == nil && fault.Kind == "scale" {
		n = max(n-stay, 0)
	}
	return n
}

func (d *diagnosis) replaces(p *phase, node string, fault *record.Fault, left int) []record.Remedy {
	entry := 0
	for _, l := range d.loads {
		if l.To == node {
			entry++
		}
	}
	kind := d.kind(node)
	crashes := 0
	for _, f := range p.faults {
		if f.Kind == "crash" && slices.Equal([]string{f.On[:min(len(f.On), len(node))]}, []string{node}) {
			crashes++
		}
	}
	n := d.nodes[node]
	return try(
		option{"graceful-restart", crashes > 1 && left > 0 && kind == scenarios.KindGateway},
		option{"cdn-pops", kind == scenarios.KindCDN && entry > 1},
		option{"scale-down", fault.Kind == "scale" && n.Queue == nil},
		option{"gateway-replicas", left <= 0 && kind == scenarios.KindGateway},
		option{"slow-start", left > 0 && n.Cold != nil && !d.slowStarted(node)},
		option{"spare-capacity", left > 0 && kind == scenarios.KindService && n.Cold == nil && p.waited(node) > much},
	)
}

func (d *diagnosis) slowStarted(node string) bool {
	for _, c := range d.to(node) {
		if c.policy.SlowStart > 0 {
			return true
		}
	}
	return false
}
