package findings

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

var workersHeld = Kind{
	Name: "workers held by one dependency",
	Means: "a service's requests wait for a worker, and its workers wait for one dependency of which three attempts in ten or more are not " +
		"answered well, or which takes five times as long as in the steady phase",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, name := range names(d.nodes) {
				n := d.nodes[name]
				if n.Kind != scenarios.KindService || p.waited(name) < much && p.count(name, "queue_depth") < 5 {
					continue
				}
				seen := map[string]bool{}
				for _, c := range d.from(name) {
					if seen[c.to] || !d.holds(p, name, c.to) {
						continue
					}
					seen[c.to] = true
					f := d.finding(p, arrow(name, c.to), name)
					f.Evidence = []string{
						fmt.Sprintf("requests of %s wait %s for a worker, %.0f stand in line at the end", name, spell.Milliseconds(p.waited(name)), p.count(name, "queue_depth")),
						d.asksLong(p, name, c.to),
					}
					f.Because = "each request that waits for " + c.to + " keeps a worker, and so what needs nothing of it waits too"
					f.Try = d.frees(name, c.to)
					if len(f.Try) > 0 && f.Lost > 0 {
						out = append(out, f)
					}
				}
			}
		}
		return out
	},
}

// holds tells that a node waits for another for long in a phase.
func (d *diagnosis) holds(p *phase, from, to string) bool {
	one := p.between(from, to)
	if one.attempts == 0 {
		return false
	}
	if one.bad() >= 0.3 && p.waited(to) < p.waited(from) {
		return true
	}
	if d.steady == nil {
		return false
	}
	before := d.steady.between(from, to)
	return before.firstByteMs > 0 && one.firstByteMs > 5*before.firstByteMs && one.firstByteMs > much
}

// frees are the patterns that get a node's workers back from one dependency.
func (d *diagnosis) frees(from, to string) []record.Remedy {
	var timeout, breaker, bulkhead, fallback, post, parallel bool
	for _, c := range d.between(from, to) {
		timeout = timeout || c.policy.Timeout > 0
		breaker = breaker || c.policy.Breaker != nil
		bulkhead = bulkhead || c.policy.Bulkhead != nil
		fallback = fallback || c.fallback
		post = post || c.method == "POST"
		parallel = parallel || c.parallel
	}
	routes := len(d.nodes[from].Endpoints)
	return try(
		option{"telemetry", post && fallback && routes == 1},
		option{"gateway-thin", parallel && routes > 1},
		option{"timeout", !timeout},
		option{"circuit-breaker", !breaker},
		option{"bulkhead", !bulkhead && routes > 1},
		option{"platform-template", !timeout && !breaker},
		option{"bff", routes > 1 && len(d.loads) > 1},
	)
}

var timeoutOutlasts = Kind{
	Name: "timeout outlasts its caller's",
	Means: "a node waits for another as long as its own caller waits for it, or longer, and a tenth or more of its attempts there are given up " +
		"because the caller has left: what it would do about a failure comes too late",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, outer := range d.calls {
				for _, inner := range d.from(outer.to) {
					one := p.between(inner.from, inner.to)
					if outer.policy.Timeout == 0 || outer.async || one.ended == 0 || share(one.gaveUp, one.ended) < 0.1 ||
						inner.policy.Timeout > 0 && inner.policy.Timeout < outer.policy.Timeout || inner.policy.Timeout == 0 && !inner.fallback {
						continue
					}
					f := d.finding(p, arrow(inner.from, inner.to), inner.from)
					f.Evidence = []string{
						fmt.Sprintf("%s waits %s for %s, and %s for %s", outer.from, outer.policy.Timeout, outer.to, patience(inner.policy.Timeout), inner.to),
						fmt.Sprintf("%d of %d attempts at %s were given up as their caller had left", one.gaveUp, one.ended, inner.to),
					}
					f.Because = "when " + inner.from + " gives up on " + inner.to + ", nobody waits for its answer any more"
					f.Try = try(option{"timeout-ladder", true}, option{"deadline", inner.policy.Deadline == ""})
					out = append(out, f)
				}
			}
		}
		return out
	},
}

func patience(d time.Duration) string {
	if d == 0 {
		return "for ever"
	}
	return d.String()
}

var wastedWork = Kind{
	Name:  "work for callers that had left",
	Means: "a tenth or more of what a node worked on was for callers that had given up",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, name := range names(p.counts) {
				wasted, all := p.wasted(name), p.count(name, "requests_total")
				if wasted < 10 || wasted < 0.1*all || d.nodes[name] == nil {
					continue
				}
				f := d.finding(p, name, name)
				f.Evidence = []string{fmt.Sprintf("%.0f of %.0f requests were worked on for nobody", min(wasted, all), all)}
				if wasted > all { // begun in the phase before
					f.Evidence = []string{fmt.Sprintf("%.0f requests were worked on for nobody; %.0f came in %s", wasted, all, p.Name)}
				}
				if s := p.count(name, "wasted_seconds_total"); s > 0 {
					f.Evidence = append(f.Evidence, fmt.Sprintf("%.1f s of its work", s))
				}
				f.Because = "their callers' time was up before it began, or while it worked, and nothing told it so"
				n := d.nodes[name]
				told := n.Policy.Deadline == "propagate"
				f.Try = try(
					option{"deadline", !told && n.Abandoned != "serve"},
					option{"queue-deadline", n.Kind == scenarios.KindService && n.MaxWait == 0 && n.Queue == nil},
					option{"queue-lifo", n.Kind == scenarios.KindService && n.Discipline == "" && n.Queue == nil},
				)
				if len(f.Try) > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

// wasted is how many requests a node worked on for callers that had left by themselves in a phase: those whose connections the
// phase's faults cut had no choice.
func (p *phase) wasted(node string) float64 {
	wasted := p.count(node, "wasted_total")
	for _, f := range p.faults {
		wasted -= float64(f.Receipt.Reset + f.Receipt.Closed)
	}
	return max(wasted, 0)
}

// asksLong says how a node fares with one that it waits for.
func (d *diagnosis) asksLong(p *phase, from, to string) string {
	one := p.between(from, to)
	if one.bad() < 0.3 && d.steady != nil {
		return fmt.Sprintf("a first byte of %s takes %s, %s in %s", to, spell.Milliseconds(one.firstByteMs), spell.Milliseconds(d.steady.between(from, to).firstByteMs), d.steady.Name)
	}
	return fmt.Sprintf("%s of %d attempts at %s were not answered well", spell.Percent(one.bad()), one.ended, to)
}
