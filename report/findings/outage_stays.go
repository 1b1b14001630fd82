package findings

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

var outageStays = Kind{
	Name: "outage that stays",
	Means: "every fault is off, and a tenth of the requests or more still fail in the last phase, and more than before the fault: what keeps the system down " +
		"is of its own making (a metastable failure)",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.phases[max(0, len(d.phases)-1):] {
			trigger := d.before(p)
			if trigger == nil || len(p.faults) > 0 || float64(p.lost()) < 0.1*float64(p.sent()) || d.lostAsMuchBefore(trigger, p) {
				continue
			}
			node, wait := d.longestWait(p)
			f := d.finding(p, node, node)
			for _, since := range d.phases[:p.number] {
				if since.StartS >= *trigger.UndoneS-0.5 {
					f.Lost += since.lost()
					f.When.FromS = min(f.When.FromS, since.StartS)
				}
			}
			f.Evidence = []string{fmt.Sprintf("%s was off at %.1f s, and %d of %d requests are lost or late from %.0f to %.0f s", trigger.Text, *trigger.UndoneS, p.lost(), p.sent(), p.StartS, p.EndS)}
			if wait > 0 {
				f.Evidence = append(f.Evidence, fmt.Sprintf("requests of %s wait %s for a worker", node, spell.Milliseconds(wait)))
			}
			retried := d.retriesTo(p, node)
			if retried > 0 {
				f.Evidence = append(f.Evidence, fmt.Sprintf("%s of the attempts at it are retries", spell.Percent(retried)))
			}
			f.Because = "what waits is older than its callers' patience, so all work is for nobody, and those who gave up ask again"
			if trigger.Kind == "flush" {
				f.Because = "whoever misses asks behind the cache, which is too slow for so many, and what it answers too late is not kept"
			}
			f.Try = d.endsStorm(node, trigger, retried > 0.1)
			if f.Lost > 0 && len(f.Try) > 0 {
				out = append(out, f)
			}
		}
		return out
	},
}

// lostAsMuchBefore tells that users lost about as much before a fault as they do in a phase after it: then it is not what stays of it.
func (d *diagnosis) lostAsMuchBefore(fault *record.Fault, after *phase) bool {
	for _, p := range slices.Backward(d.phases[:after.number]) {
		if p.EndS <= *fault.AppliedS+0.5 && len(p.faults) == 0 && p.sent() > 0 {
			return share(p.lost(), p.sent()) > 0.8*share(after.lost(), after.sent())
		}
	}
	return false
}

// endsStorm are the patterns that end what keeps itself up.
func (d *diagnosis) endsStorm(node string, trigger *record.Fault, retries bool) []record.Remedy {
	n := d.nodes[node]
	unbounded := n != nil && n.Kind == "service" && n.Queue == nil && n.MaxWait == 0
	return try(
		option{"ladder", d.bare()},
		option{"cache-loss", trigger.Kind == "flush" && d.kind(trigger.On) == "cache"},
		option{"cache-flush-at-peak", trigger.Kind == "flush" && d.kind(trigger.On) == "cdn"},
		option{"partition-held", retries && trigger.Kind == "latency"},
		option{"kill-switch", retries && (trigger.Kind == "pause" || trigger.Kind == "crash")},
		option{"retry-storm", retries && !d.budgeted(node)},
		option{"interactions", retries && unbounded && trigger.Kind != "latency"},
		option{"queue-deadline", unbounded && n.Discipline != "codel"},
		option{"queue-lifo", unbounded && n.Discipline != "lifo"},
		option{"queue-bound", unbounded},
	)
}

// before is the last fault that was off when a phase began, nil where there is none.
func (d *diagnosis) before(p *phase) *record.Fault {
	var last *record.Fault
	for i, f := range d.r.Faults {
		if f.UndoneS != nil && *f.UndoneS <= p.StartS+0.5 && (last == nil || *f.UndoneS >= *last.UndoneS) {
			last = &d.r.Faults[i]
		}
	}
	return last
}

// longestWait is the node whose requests wait longest for a worker in a phase, and for how many ms.
func (d *diagnosis) longestWait(p *phase) (node string, wait float64) {
	for _, name := range names(p.counts) {
		if w := p.waited(name); w > wait {
			node, wait = name, w
		}
	}
	return node, wait
}

// retriesTo is the share of retries among the attempts at a node.
func (d *diagnosis) retriesTo(p *phase, node string) float64 {
	var retries, attempts int64
	for key, one := range p.pairs {
		if key[1] == node {
			retries += one.retries
			attempts += one.attempts
		}
	}
	return share(retries, attempts)
}

// budgeted tells that all who retry calls of a node do so within a budget.
func (d *diagnosis) budgeted(node string) bool {
	for _, c := range d.to(node) {
		if c.policy.Retry != nil && c.policy.Retry.Budget == nil {
			return false
		}
	}
	return true
}

// bare tells a design of several services of which none bounds its calls in any way.
func (d *diagnosis) bare() bool {
	calls := 0
	for _, c := range d.calls {
		p := c.policy
		if p.Timeout > 0 || p.Retry != nil || p.Breaker != nil || p.Bulkhead != nil || c.fallback {
			return false
		}
		calls++
	}
	return calls >= 4
}
