package findings

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// slowOnly tells that users lost by how long answers take in a phase, and not by failures: expectations of latency that did not hold.
func (p *phase) slowOnly() bool {
	var failed, sent int64
	for _, h := range p.harms {
		failed += h.failed
		sent += h.sent
	}
	return p.lost() > 0 && float64(failed) < 0.1*float64(sent)
}

var serialCalls = Kind{
	Name:  "one call after the other",
	Means: "an endpoint asks three times or more in a row and waits each time, and users find it too slow, or each layer's failures add to those of the others",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			seen := map[string]bool{}
			for _, c := range d.calls {
				at := c.from + " " + c.endpoint
				n := d.serialCalls(c.from, c.endpoint)
				if seen[at] || n < 3 || c.async {
					continue
				}
				seen[at] = true
				same := map[string]int{}
				most := 0
				for _, o := range d.from(c.from) {
					if o.endpoint == c.endpoint && !o.parallel {
						same[o.to]++
						most = max(most, same[o.to])
					}
				}
				if !p.slowOnly() {
					continue
				}
				f := d.finding(p, c.from, c.from)
				f.Evidence = []string{fmt.Sprintf("%s of %s asks %d times, one after the other", c.endpoint, c.from, n)}
				f.Because = "each call adds its whole way there and back, and its failures, to the answer's"
				f.Try = try(
					option{"n-plus-one", most >= 3},
					option{"edge-callouts", most < 3 && d.failures(p) > 0},
					option{"fan-out-vs-chain", most < 3},
				)
				out = append(out, f)
			}
			out = append(out, d.layers(p)...)
		}
		return out
	},
}

func (d *diagnosis) failures(p *phase) (n int64) {
	for _, h := range p.harms {
		n += h.failed
	}
	return n
}

// layers finds a path of four nodes and more of which each fails now and then.
func (d *diagnosis) layers(p *phase) []record.Finding {
	failing := 0
	deepest := ""
	for _, key := range pairNames(p) {
		if b := p.pairs[key].bad(); b > 0.001 && b < 0.2 && d.nodes[key[0]] != nil {
			failing++
			deepest = key[1]
		}
	}
	if failing < 3 || !p.slowOnly() {
		return nil
	}
	f := d.finding(p, deepest, "")
	f.Evidence = []string{fmt.Sprintf("%d connections of one path fail now and then, none of them much", failing)}
	f.Because = "the availability of layers that call each other is the product of theirs"
	f.Try = try(option{"layer-depth", true})
	return []record.Finding{f}
}

var slowestOfMany = Kind{
	Name:  "the slowest of many",
	Means: "an endpoint asks three or more at once and waits for all of them, and its slow answers are ten times as slow as the usual one asked",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			if !p.slowOnly() {
				continue
			}
			seen := map[string]bool{}
			for _, c := range d.calls {
				at := c.from + " " + c.endpoint
				if !c.parallel || seen[at] {
					continue
				}
				seen[at] = true
				n := 0
				for _, o := range d.from(c.from) {
					if o.endpoint == c.endpoint && o.parallel {
						n++
					}
				}
				if n < 3 || c.share < 1 && c.share > 0 {
					continue
				}
				f := d.finding(p, c.from, c.from)
				f.Evidence = []string{fmt.Sprintf("%s of %s waits for all of %d; a first byte of %s takes %s in the mean", c.endpoint, c.from, n, c.to, spell.Milliseconds(p.between(c.from, c.to).firstByteMs))}
				f.Because = fmt.Sprintf("of %d answers one is slow far more often than one alone is", n)
				f.Try = try(
					option{"hedging", c.policy.Hedge == nil},
					option{"fan-out-partial", true},
				)
				out = append(out, f)
			}
		}
		return out
	},
}

var farAway = Kind{
	Name:  "far away",
	Means: "users, or callers that have a nearer replica to ask, ask one in another region or zone: the way takes most of the time",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for l := range loadsOf(d) {
				n := d.nodes[l.To]
				if n == nil || l.Region == "" || n.Region == "" || n.Region == l.Region {
					continue
				}
				f := d.finding(p, arrow(l.Name, l.To), l.To)
				f.Evidence = []string{fmt.Sprintf("users in %s ask %s in %s", l.Region, l.To, n.Region)}
				f.Because = "each answer takes the way between the regions"
				f.Try = try(option{"cdn-pops", n.Kind == "cdn"})
				if len(f.Try) > 0 && f.Lost > 0 {
					out = append(out, f)
				}
			}
			for _, c := range d.calls {
				to, from := d.nodes[c.to], d.nodes[c.from]
				if to == nil || from == nil || len(to.EveryZone()) < 2 || len(from.EveryZone()) < 1 || c.policy.Prefer != "" && c.policy.Prefer != "none" {
					continue
				}
				f := d.finding(p, arrow(c.from, c.to), c.from)
				f.Evidence = []string{fmt.Sprintf("%s is in %d zones, and %s asks its replicas in turn, wherever they are", c.to, len(to.EveryZone()), c.from)}
				f.Because = "most answers take the way between zones although one is near"
				f.Try = try(option{"zone-aware", true})
				if f.Lost > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}
