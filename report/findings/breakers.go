package findings

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// manyOpenings is how often one breaker opens in a phase before it is said to flap.
const manyOpenings = 3

// broken is a pair of nodes between which a circuit breaker turned calls away in a phase.
type broken struct {
	p                  *phase
	from, to           string
	rejected, openings float64
}

// breaks are the pairs whose breakers alone can have turned calls away: a node's counter is for all its breakers together.
func (d *diagnosis) breaks() (out []broken) {
	for _, p := range d.harmed() {
		for _, name := range names(d.nodes) {
			rejected := p.count(name, "breaker_rejected_total")
			to, several := "", false
			for _, c := range d.from(name) {
				if c.policy.Breaker != nil {
					several = several || to != "" && to != c.to
					to = c.to
				}
			}
			if rejected == 0 || to == "" || several {
				continue
			}
			out = append(out, broken{p: p, from: name, to: to, rejected: rejected, openings: p.count(name, "breaker_open_total")})
		}
	}
	return out
}

var breakerFlaps = Kind{
	Name: "breaker that flaps",
	Means: "a node's one circuit breaker opened three times or more an instance in a phase, and turned calls away, although half or more of the attempts that " +
		"it let through were answered well",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, b := range d.breaks() {
			one := b.p.between(b.from, b.to)
			each := b.openings / float64(max(d.replicas(b.from), 1))
			if each < manyOpenings || one.attempts == 0 || one.bad() >= 0.5 {
				continue
			}
			f := d.finding(b.p, arrow(b.from, b.to), b.from)
			f.Evidence = []string{
				fmt.Sprintf("it opened %.0f times and turned %.0f calls away, while %s of %d attempts were answered well", b.openings, b.rejected, spell.Percent(1-one.bad()), one.ended),
			}
			f.Because = "it opens by what a few calls happened to do, and turns the many away that would have worked"
			f.Try = try(
				option{"outlier-ejection", d.replicas(b.to) > 1},
				option{"retry-budget", !d.retries(b.from, b.to)},
			)
			if f.Lost > 0 {
				out = append(out, f)
			}
		}
		return out
	},
}

var breakerHealthy = Kind{
	Name: "breaker open for replicas that are well",
	Means: "a circuit breaker turned a twentieth or more of its calls away, while one replica of the callee did badly (half of its attempts or more) and another " +
		"well (a tenth at most): it stands before all of them together",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, b := range d.breaks() {
			one := b.p.between(b.from, b.to)
			well, badly := "", ""
			for _, s := range siblings(one) {
				switch {
				case s.bad >= 0.5:
					badly = s.instance
				case s.bad <= badShare:
					well = s.instance
				}
			}
			if well == "" || badly == "" || b.rejected < 0.05*(b.rejected+float64(one.attempts)) {
				continue
			}
			f := d.finding(b.p, arrow(b.from, b.to), b.from)
			f.Evidence = []string{fmt.Sprintf("%.0f calls turned away; %s did badly, %s well", b.rejected, badly, well)}
			f.Because = "one breaker for all replicas turns away what those that are well would have answered"
			f.Try = try(
				option{"outlier-ejection", true},
				option{"gray-replica", !d.retries(b.from, b.to)},
			)
			if f.Lost > 0 {
				out = append(out, f)
			}
		}
		return out
	},
}

var breakerStays = Kind{
	Name: "breaker that never closes",
	Means: "a circuit breaker is open or half open at the end of the last phase, although no fault is on and the phase lasted three times as long as it stays open " +
		"before a probe",
	find: func(d *diagnosis) (out []record.Finding) {
		if len(d.phases) == 0 {
			return nil
		}
		p := d.phases[len(d.phases)-1]
		for _, name := range names(d.nodes) {
			for _, c := range d.from(name) {
				b := c.policy.Breaker
				if b == nil || p.count(name, "breakers_open") == 0 || len(p.faults) > 0 || p.seconds() < 3*b.OpenFor.Seconds() {
					continue
				}
				one := p.between(name, c.to)
				f := d.finding(p, arrow(name, c.to), name)
				f.Evidence = []string{fmt.Sprintf("%.0f of its breakers are open at the end; %d attempts ended in %s, %s of them not well",
					p.count(name, "breakers_open"), one.ended, p.Name, spell.Percent(one.bad()))}
				f.Because = "its probes go on failing after the fault is gone"
				f.Try = try(option{"outlier-ejection", d.replicas(c.to) > 1})
				if f.Lost > 0 {
					out = append(out, f)
				}
				break
			}
		}
		return out
	},
}

// retries tells that a node's calls of another are retried.
func (d *diagnosis) retries(from, to string) bool {
	for _, c := range d.between(from, to) {
		if c.policy.Retry != nil {
			return true
		}
	}
	return false
}
