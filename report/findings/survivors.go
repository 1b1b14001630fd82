package findings

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

var failoverOverloads = Kind{
	Name: "failover overloads who is left",
	Means: "calls failed over to a node that is asked 1.3 times as often as in the steady phase or more, is short of workers now and was not then, " +
		"and users lose requests",
	find: func(d *diagnosis) (out []record.Finding) {
		if d.steady == nil {
			return nil
		}
		for _, p := range d.harmed() {
			for _, c := range d.calls {
				if p.count(c.from, "failovers_total") == 0 {
					continue
				}
				for _, other := range c.failover {
					now, before := p.count(other, "requests_total")/p.seconds(), d.steady.count(other, "requests_total")/d.steady.seconds()
					evidence, short := d.short(p, other)
					if _, was := d.short(d.steady, other); was || !short || now < 1.3*before {
						continue
					}
					f := d.finding(p, other, c.from)
					f.Evidence = []string{
						fmt.Sprintf("%.0f calls of %s failed over to it: %.1f/s, %.1f/s in %s", p.count(c.from, "failovers_total"), c.from, now, before, d.steady.Name),
						evidence,
					}
					f.Because = "what was enough for its own part is not enough for two"
					f.Try = try(
						option{"spare-capacity", true},
						option{"gateway-shed", d.nodes[other].Shed == nil},
						option{"queue-bound", d.nodes[other].Queue == nil},
					)
					if f.Lost > 0 {
						out = append(out, f)
					}
				}
			}
		}
		return out
	},
}

var wrongShed = Kind{
	Name: "the wrong requests shed",
	Means: "a node refuses a fiftieth of its requests or more, and of those of high priority a share is lost that is 5 points greater than that of those of low " +
		"priority, or as great where a tenth and more of both are lost",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, name := range names(d.nodes) {
				if p.count(name, "shed_total") <= 0.02*p.count(name, "requests_total") {
					continue
				}
				high, low := d.byPriority(p, name)
				if high.sent == 0 || low.sent == 0 || share(high.lost, high.sent) < share(low.lost, low.sent)+0.05 &&
					(share(high.lost, high.sent) < badShare || share(high.lost, high.sent) < share(low.lost, low.sent)) {
					continue
				}
				f := d.finding(p, name, name)
				f.Evidence = []string{fmt.Sprintf("%s sheds %.0f requests; %s of those of high priority are lost or late, %s of those of low",
					name, p.count(name, "shed_total"), spell.Percent(share(high.lost, high.sent)), spell.Percent(share(low.lost, low.sent)))}
				f.Because = "who is refused is a matter of who comes when, and not of what it is worth"
				f.Try = try(option{"priority", true}, option{"critical-tier", true})
				if f.Lost > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

// byPriority are the requests of high and of low priority that come by a node, and what is lost of them.
func (d *diagnosis) byPriority(p *phase, node string) (high, low harm) {
	for _, h := range p.harms {
		l := d.loads[h.load]
		if l == nil || !d.passes(h.load, h.request, node) {
			continue
		}
		priority := l.Priority
		for _, r := range l.Requests {
			if r.Send == h.request && r.Priority != "" {
				priority = r.Priority
			}
		}
		into := &high
		if priority == "low" {
			into = &low
		}
		into.sent, into.lost = into.sent+h.sent, into.lost+h.lost
	}
	return high, low
}

var fallbackUnused = Kind{
	Name: "fallback never used",
	Means: "half of the attempts at a dependency or more are not answered well, its caller has a fallback for it and took it in none of its answers, and " +
		"users lose requests",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, c := range d.calls {
				one := p.between(c.from, c.to)
				if !c.fallback || one.attempts < fewAttempts || one.bad() < 0.5 || p.count(c.from, "degraded_total") > 0 {
					continue
				}
				f := d.finding(p, arrow(c.from, c.to), c.from)
				f.Evidence = []string{fmt.Sprintf("%s of %d attempts not answered well, %d of them given up by the caller's caller, and no fallback was taken",
					spell.Percent(one.bad()), one.ended, one.gaveUp)}
				f.Because = "a fallback is for calls that end, and its caller's callers leave before this one does"
				f.Try = try(
					option{"timeout-ladder", one.gaveUp > 0},
					option{"timeout", c.policy.Timeout == 0},
					option{"circuit-breaker", c.policy.Breaker == nil},
				)
				if f.Lost > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}
