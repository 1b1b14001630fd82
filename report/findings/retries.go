package findings

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

var retriesMultiply = Kind{
	Name:  "retries multiply",
	Means: "two layers or more of one path retry (a twentieth of their attempts and more), so that the attempts at the last one multiply",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, upper := range pairNames(p) {
				if p.pairs[upper].retried() < 0.05 {
					continue
				}
				for _, lower := range pairNames(p) {
					below := p.pairs[lower]
					if lower[0] != upper[1] || below.retried() < 0.05 {
						continue
					}
					f := d.finding(p, arrow(lower[0], lower[1]), lower[1])
					f.Evidence = []string{
						fmt.Sprintf("%s retries %s of its attempts at %s, and that %s of its own at %s", upper[0], spell.Percent(p.pairs[upper].retried()), upper[1], spell.Percent(below.retried()), lower[1]),
						fmt.Sprintf("%.2f attempts at %s for each one that no retry caused", below.amplification, lower[1]),
					}
					f.Because = "each layer repeats what the layers below have repeated already"
					f.Try = try(option{"retry-at-one-layer", true}, option{"retry-budget", !d.budgeted(lower[1])})
					out = append(out, f)
				}
			}
		}
		return out
	},
}

var retryAmplification = Kind{
	Name:  "retry amplification",
	Means: "attempts at a node are 1.3 times as many as no retry has caused, or more, while a fifth of them or more fail",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, key := range pairNames(p) {
				one := p.pairs[key]
				if one.amplification < 1.3 || one.retries < 10 || one.bad() < 0.2 {
					continue
				}
				f := d.finding(p, arrow(key[0], key[1]), key[1])
				f.Evidence = []string{
					fmt.Sprintf("%d attempts, %d of them retries: %.2f for each one that no retry caused", one.attempts, one.retries, one.amplification),
					fmt.Sprintf("%s of the %d that ended in %s were not answered well", spell.Percent(one.bad()), one.ended, p.Name),
				}
				f.Because = key[1] + " fails, and each failure makes more requests for it"
				f.Try = d.boundsRetries(key)
				if len(f.Try) > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

func (d *diagnosis) boundsRetries(key [2]string) []record.Remedy {
	var budget, breaker, jitter, throttle, backoff bool
	for _, c := range d.between(key[0], key[1]) {
		if r := c.policy.Retry; r != nil {
			budget = budget || r.Budget != nil
			jitter = jitter || r.Jitter != "" && r.Jitter != "none"
			backoff = backoff || r.Backoff > 0
		}
		breaker = breaker || c.policy.Breaker != nil
		throttle = throttle || c.policy.Throttle != nil
	}
	return try(
		option{"platform-template", !budget && d.othersBudget(key)},
		option{"jitter", backoff && !jitter},
		option{"retry-budget", !budget},
		option{"retry-storm", !budget && !breaker},
		option{"kill-switch", !budget && !breaker},
		option{"circuit-breaker", !breaker},
		option{"throttle", !throttle && !budget},
	)
}

func (p *pair) retried() float64 { return share(p.retries, p.attempts) }

// pairNames are a phase's pairs, sorted.
func pairNames(p *phase) [][2]string {
	byName := map[string][2]string{}
	for key := range p.pairs {
		byName[key[0]+"\x00"+key[1]] = key
	}
	out := make([][2]string, 0, len(byName))
	for _, name := range names(byName) {
		out = append(out, byName[name])
	}
	return out
}

// othersBudget tells that other callers of the same node retry within a budget.
func (d *diagnosis) othersBudget(key [2]string) bool {
	for _, c := range d.to(key[1]) {
		if c.from != key[0] && c.policy.Retry != nil && c.policy.Retry.Budget != nil {
			return true
		}
	}
	return false
}
