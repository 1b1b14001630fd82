package findings

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

var crowded = Kind{
	Name: "crowded out",
	Means: "a node is short of something (its requests wait 20 ms or more, it sheds a fiftieth, or works for callers that had left for a twentieth), " +
		"two sorts of request or more come by it, and of those that have grown less than the one that has most a hundredth or more are lost",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, node := range names(d.nodes) {
				if f, is := d.crowd(p, node); is {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

// short tells that a node has too little of something in a phase, and the figure that says so.
func (d *diagnosis) short(p *phase, node string) (evidence string, is bool) {
	n := d.nodes[node]
	if n == nil {
		return "", false
	}
	switch {
	case p.waited(node) > much:
		return fmt.Sprintf("requests of %s wait %s for a worker", node, spell.Milliseconds(p.waited(node))), true
	case p.count(node, "shed_total") > 0.02*p.count(node, "requests_total"):
		return fmt.Sprintf("%s sheds %.0f requests", node, p.count(node, "shed_total")), true
	case p.wasted(node) > 0.05*p.count(node, "requests_total"):
		return fmt.Sprintf("%s worked for %.0f callers that had left", node, p.wasted(node)), true
	}
	return "", false
}

// demand is one sort of request: how often it was sent in a phase, and in the steady one, each second.
type demand struct {
	load, request    string
	rate, before     float64
	lost, sent       int64
	tenant, priority string
}

// demands are the sorts of request that come by a node.
func (d *diagnosis) demands(p *phase, node string) (out []demand) {
	for _, h := range p.harms {
		if !d.passes(h.load, h.request, node) || h.sent == 0 {
			continue
		}
		one := demand{load: h.load, request: h.request, rate: float64(h.sent) / p.seconds(), lost: h.lost, sent: h.sent}
		if q := requestOf(d.steady, h.load, h.request); q != nil {
			one.before = float64(q.Sent) / d.steady.seconds()
		}
		if l := d.loads[h.load]; l != nil {
			one.priority = l.Priority
			if l.Tenant != nil {
				one.tenant = "drawn"
			}
		}
		out = append(out, one)
	}
	return out
}

func (d *diagnosis) crowd(p *phase, node string) (record.Finding, bool) {
	evidence, is := d.short(p, node)
	all := d.demands(p, node)
	if !is || len(all) < 2 {
		return record.Finding{}, false
	}
	var total float64
	most := all[0]
	for _, one := range all {
		total += one.rate
		if one.rate-one.before > most.rate-most.before {
			most = one
		}
	}
	for _, one := range all {
		if d.kind(node) == scenarios.KindDatabase && d.costs(one, node) {
			most = one // few of them take it for long
		}
	}
	if most.rate < 0.5*total && (most.before == 0 || most.rate < 2*most.before) && len(d.loads) < 2 && d.kind(node) != scenarios.KindDatabase {
		return record.Finding{}, false
	}
	var others, lost int64
	for _, one := range all {
		if one.load != most.load || one.request != most.request {
			others, lost = others+one.sent, lost+one.lost
		}
	}
	if share(lost, others) < 0.01 {
		return record.Finding{}, false
	}
	f := d.finding(p, node, node)
	f.Evidence = []string{evidence, fmt.Sprintf("%s: %s makes up %s of what it is asked (%.1f/s)", most.load, most.request, spell.Percent(most.rate/total), most.rate)}
	if most.before > 0 && most.rate > 1.5*most.before {
		f.Evidence = append(f.Evidence, fmt.Sprintf("it was %.1f/s in %s", most.before, d.steady.Name))
	}
	f.Because = "whoever asks most takes most of what is there, and nothing sets the others' part aside"
	f.Try = d.setsApart(p, node, all)
	return f, len(f.Try) > 0 && f.Lost > 0
}

// setsApart are the patterns that keep one sort of request from taking what others need.
func (d *diagnosis) setsApart(p *phase, node string, all []demand) []record.Remedy {
	var edge, gateway *scenarios.Node
	for l := range loadsOf(d) {
		switch n := d.nodes[l.To]; {
		case n == nil:
		case n.Kind == scenarios.KindCDN:
			edge = n
		case n.Kind == scenarios.KindGateway:
			gateway = n
		}
	}
	loads := map[string]bool{}
	tenants, low := false, false
	for _, one := range all {
		loads[one.load] = true
		tenants = tenants || one.tenant != ""
		low = low || one.priority == "low"
	}
	for _, l := range d.loads {
		for _, r := range l.Requests {
			low = low || r.Priority == "low"
		}
	}
	headers := p.count(node, "requests_total") > 0 && edge != nil && len(edge.Bots.Bots) == 0
	callers := map[string]bool{}
	for _, c := range d.to(node) {
		callers[c.from] = true
	}
	service := d.kind(node) == scenarios.KindService
	several := len(loads) > 1
	return try(
		option{"own-database", d.kind(node) == scenarios.KindDatabase && len(callers) > 1},
		option{"reports-apart", d.kind(node) == scenarios.KindDatabase && len(callers) == 1 && d.costly(node)},
		option{"search-index", d.kind(node) == scenarios.KindDatabase && len(callers) == 1 && d.costly(node)},
		option{"replay", d.faultOf("replay") != nil},
		option{"shared-platform", len(callers) > 2 && several && gateway == nil},
		option{"cdn-bots", headers && several && len(loads) > 2},
		option{"cdn-rate-limit", edge != nil && edge.RateLimit == nil && len(edge.Bots.Bots) == 0 && several},
		option{"tenant-rate-limit", gateway != nil && gateway.RateLimit == nil && tenants},
		option{"gateway-rate-limit", gateway != nil && gateway.RateLimit == nil && !tenants && several},
		option{"shuffle-sharding", service && d.replicas(node) > 2 && !d.sharded(node)},
		option{"priority", several && !low && service},
		option{"critical-tier", several && service && gateway != nil},
		option{"bff", several && service && len(d.from(node)) > 1},
	)
}

// costly tells that a read of a database has a cost of its own, as reports and searches do.
func (d *diagnosis) costly(node string) bool {
	for _, c := range d.calls {
		if c.to == node && c.cost {
			return true
		}
	}
	return false
}

// costs tells that a sort of request makes such reads.
func (d *diagnosis) costs(one demand, node string) bool {
	for _, c := range d.calls {
		if c.to == node && c.cost && matches(c.endpoint, one.request) {
			return true
		}
	}
	return false
}

func (d *diagnosis) sharded(node string) bool {
	for _, c := range d.to(node) {
		if c.policy.Shard != nil {
			return true
		}
	}
	return false
}
