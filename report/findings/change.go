package findings

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

var changeFailed = Kind{
	Name: "change everywhere at once",
	Means: "a change, or a version that fails, reached every instance of a node (or most of a route's traffic) at once, " +
		"and users lost requests while it was there",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, fault := range p.faults {
				out = append(out, d.changed(p, fault)...)
			}
			out = append(out, d.canaries(p)...)
		}
		return out
	},
}

func (d *diagnosis) changed(p *phase, fault *record.Fault) []record.Finding {
	nodes, all := d.reachedBy(fault)
	if len(nodes) == 0 || !all {
		return nil
	}
	node := nodes[0]
	f := d.finding(p, list(nodes), nodes...)
	unauthorized, missing, injected := p.count(node, "unauthorized_total"), errorsOf(p, "404"), 0.0
	for _, name := range nodes {
		injected += p.count(name, "injected_errors_total")
	}
	switch fault.Kind {
	case "change":
		f.Evidence = []string{fmt.Sprintf("%s on all %d instances of %s", fault.Text, len(fault.Instances), list(nodes))}
		f.Because = "what is changed everywhere at once fails everywhere at once"
		f.Try = try(
			option{"credential-rotation", unauthorized > 0},
			option{"service-split-live", missing > 0},
			option{"staged-rollout", unauthorized == 0 && missing == 0 && len(fault.Instances) > 1},
		)
	case "errors":
		f.Evidence = []string{fmt.Sprintf("%s on every instance of %s: %.0f injected", fault.Text, list(nodes), injected)}
		f.Because = "every instance fails in the same way at the same time, as those of one release do"
		f.Try = try(option{"bad-deploy", len(nodes) > 1}, option{"gateway-canary", d.behindGateway(node) && len(nodes) == 1})
	}
	if len(f.Try) == 0 || f.Lost == 0 {
		return nil
	}
	return []record.Finding{f}
}

// reachedBy are the nodes that a fault is on, and whether it is on all instances of each.
func (d *diagnosis) reachedBy(f *record.Fault) (nodes []string, all bool) {
	on := map[string]int{}
	for _, n := range d.r.Nodes {
		if slices.Contains(hit(f), n.Instance) {
			on[n.Name]++
		}
	}
	all = true
	for _, name := range names(on) {
		all = all && on[name] >= d.replicas(name)
		nodes = append(nodes, name)
	}
	return nodes, all
}

// canaries finds a split route whose larger part goes to what fails more.
func (d *diagnosis) canaries(p *phase) (out []record.Finding) {
	for _, name := range names(d.nodes) {
		n := d.nodes[name]
		for _, r := range n.Routes {
			if r.Split == nil || r.Split.Share < 0.2 {
				continue
			}
			fresh, old := p.between(n.Name, r.Split.To), p.between(n.Name, r.To)
			if fresh.bad() < 0.1 || fresh.bad() <= 2*old.bad() {
				continue
			}
			f := d.finding(p, r.Split.To, n.Name)
			f.Evidence = []string{fmt.Sprintf("%s of the attempts to %s failed, and it gets %s of %s", spell.Percent(fresh.bad()), r.Split.To, spell.Percent(r.Split.Share), r.Match)}
			f.Because = "a version that nobody has tried yet gets most of the traffic"
			f.Try = try(option{"gateway-canary", true})
			out = append(out, f)
		}
	}
	return out
}

func (d *diagnosis) behindGateway(node string) bool {
	for _, c := range d.to(node) {
		if d.kind(c.from) == "gateway" {
			return true
		}
	}
	return false
}

// errorsOf counts a phase's failed requests of one class.
func errorsOf(p *phase, class string) (n int64) {
	for _, q := range p.Requests {
		n += q.Errors[class]
	}
	return n
}
