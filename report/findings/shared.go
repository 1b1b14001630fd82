package findings

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

var sharedDependency = Kind{
	Name: "shared dependency",
	Means: "three nodes or more ask one that fails (half of the attempts at it or more are not answered well), and each loses requests by it: " +
		"it took routes down that have nothing else in common",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, name := range names(d.nodes) {
				var callers []string
				for _, c := range d.to(name) {
					if !c.fallback && p.between(c.from, name).bad() >= 0.5 && !slices.Contains(callers, c.from) {
						callers = append(callers, c.from)
					}
				}
				if len(callers) < 3 {
					continue
				}
				f := d.finding(p, name, name)
				f.Evidence = []string{fmt.Sprintf("%s fail with it: %d sorts of request are lost or late", list(callers), len(f.Who))}
				f.Because = "what everything calls takes everything along when it falls"
				f.Try = try(option{"utils-service", true})
				if f.Lost > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

var unrelatedDown = Kind{
	Name: "unrelated requests taken down",
	Means: "a service's workers wait for one dependency (as in workers held by one dependency), and a tenth or more of its requests that need nothing of that " +
		"dependency are lost or late",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, name := range names(d.nodes) {
				n := d.nodes[name]
				if n.Kind != scenarios.KindService || p.waited(name) < much && p.count(name, "queue_depth") < 5 {
					continue
				}
				for _, to := range d.asked(name) {
					var sent, lost int64
					for _, h := range p.harms {
						if d.passes(h.load, h.request, name) && !d.passes(h.load, h.request, to) {
							sent, lost = sent+h.sent, lost+h.lost
						}
					}
					// Until a breaker opened it was a twentieth (circuit-breaker), where none did nearly all.
					if !d.holds(p, name, to) || share(lost, sent) < 0.1 {
						continue
					}
					f := d.finding(p, arrow(name, to), name)
					f.Evidence = []string{
						fmt.Sprintf("requests of %s wait %s for a worker", name, spell.Milliseconds(p.waited(name))), d.asksLong(p, name, to),
						fmt.Sprintf("%d of %d requests that need nothing of %s are lost or late", lost, sent, to),
					}
					f.Because = "each request that waits for " + to + " keeps a worker that others need"
					f.Try = d.separates(name, to)
					if len(f.Try) > 0 {
						out = append(out, f)
					}
				}
			}
		}
		return out
	},
}

// asked are the nodes that a node calls and waits for, each once.
func (d *diagnosis) asked(node string) (out []string) {
	for _, c := range d.from(node) {
		if !slices.Contains(out, c.to) {
			out = append(out, c.to)
		}
	}
	return out
}

// separates are the patterns that keep what one dependency costs from a node's other requests.
func (d *diagnosis) separates(from, to string) []record.Remedy {
	var timeout, breaker, bulkhead, parallel bool
	for _, c := range d.between(from, to) {
		timeout = timeout || c.policy.Timeout > 0
		breaker = breaker || c.policy.Breaker != nil
		bulkhead = bulkhead || c.policy.Bulkhead != nil
		parallel = parallel || c.parallel
	}
	return try(
		option{"gateway-thin", parallel},
		option{"bff", len(d.loads) > 1},
		option{"bulkhead", !bulkhead},
		option{"circuit-breaker", !breaker},
		option{"timeout", !timeout},
	)
}

var replayed = Kind{
	Name:  "replay too fast",
	Means: "a stream was replayed to a subscriber without a rate, and users of what it fills lost requests, or got them late, in that phase",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, fault := range p.faults {
				if fault.Kind != "replay" || fault.Receipt.Requests == 0 && len(p.harms) == 0 {
					continue
				}
				f := d.finding(p, fault.On, "")
				f.Evidence = []string{fault.Text + ": " + fault.Receipt.Text}
				f.Because = "what is replayed takes all that the store which it fills can do"
				f.Try = try(option{"replay", true})
				out = append(out, f)
			}
		}
		return out
	},
}
