package findings

import (
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// caching is a node that keeps copies, and what it keeps them of.
type caching struct {
	node, behind string
	rules        []scenarios.CacheRule
	read         *scenarios.ReadCache
	in           string // the cache node
}

// cachings are all places where copies are, or could be, kept of what a node asks for.
func (d *diagnosis) cachings() (out []caching) {
	for _, name := range names(d.nodes) {
		n := d.nodes[name]
		if n.Kind == scenarios.KindCDN {
			out = append(out, caching{node: name, behind: n.Origin, rules: n.Cache})
		}
		for _, c := range d.from(name) {
			if c.cache != nil {
				out = append(out, caching{node: name, behind: c.to, read: c.cache, in: c.cache.In})
			}
		}
	}
	return out
}

// keeps tells which requests' answers may be copies: those that come by the node, and that a rule is for where there are rules.
func (c caching) keeps(d *diagnosis) func(harm) bool {
	return func(h harm) bool {
		ruled := len(c.rules) == 0 || slices.ContainsFunc(c.rules, func(r scenarios.CacheRule) bool { return matches(r.Match, h.request) })
		return ruled && d.passes(h.load, h.request, c.node)
	}
}

// hits are a node's answers from copies in a phase, and its misses.
func hits(p *phase, node string) (hit, miss float64) {
	return p.count(node, "cache_hits_total"), p.count(node, "cache_misses_total")
}

// suffers tells that a node is slow or refuses in a phase: its requests wait, or 5 in 1,000 of the attempts at it are not answered well.
func (d *diagnosis) suffers(p *phase, from, to string) bool {
	return p.waited(to) > much || p.between(from, to).bad() > 0.005 || p.count(to, "queue_depth") > 0
}

var stampede = Kind{
	Name: "cache stampede",
	Means: "copies are there for half of the requests and more, and whoever misses while one is fetched asks too, or waits for it: " +
		"what is behind the cache is asked in bursts, and users wait at each expiry",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, c := range d.cachings() {
				hit, miss := hits(p, c.node)
				if hit < miss || miss == 0 {
					continue
				}
				f := d.lostBy(p, c.node, c.keeps(d))
				f.Evidence = []string{
					fmt.Sprintf("%s of the answers are copies, and %.0f misses asked %s or waited for who did", spell.Percent(hit/(hit+miss)), miss, c.behind),
				}
				if waiting := p.count(c.node, "cache_coalesced_total"); waiting > 0 {
					f.Evidence = append(f.Evidence, fmt.Sprintf("%.0f requests waited for a copy that another one was fetching", waiting))
				}
				f.Because = "a copy that many ask for is gone for all of them in the same moment"
				f.Try = d.endsStampede(p, c)
				if len(f.Try) > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

func (d *diagnosis) endsStampede(p *phase, c caching) []record.Remedy {
	if c.read != nil {
		early := c.read.Early != "" && c.read.Early != "none"
		return try(
			option{"cache-lease", c.in != "" && c.read.Lease == 0},
			option{"cache-coalesce", c.in == "" && !c.read.Coalesce && !early},
			option{"cache-early", c.in == "" && c.read.Coalesce && !early && !c.read.LastGood},
		)
	}
	coalesce, revalidate, jitter := true, true, true
	for _, r := range c.rules {
		coalesce = coalesce && (r.Coalesce || r.StaleWhileRevalidate > 0)
		revalidate = revalidate && r.StaleWhileRevalidate > 0
		jitter = jitter && r.TTLJitter > 0
	}
	flushed := false
	for _, f := range p.faults {
		flushed = flushed || f.Kind == "flush"
	}
	return try(
		option{"cdn-soft-purge", flushed && revalidate},
		option{"cache-flush-at-peak", flushed && !coalesce},
		option{"cdn-shield", d.replicas(c.node) > 1 && d.kind(c.behind) != scenarios.KindCDN && d.suffers(p, c.node, c.behind)},
		option{"cdn-coalesce", !coalesce && d.suffers(p, c.node, c.behind)},
		option{"cdn-ttl-jitter", !jitter && !flushed && !revalidate && p.count(c.behind, "queued_total") > 0},
		option{"cdn-stale-while-revalidate", !revalidate && !flushed},
	)
}

var cacheLost = Kind{
	Name: "cache lost",
	Means: "a cache answers a fifth less of its requests than in the steady phase, or was emptied: what it held back meets what is behind it, " +
		"which is asked 1.3 times as often or more, or does not answer",
	find: func(d *diagnosis) (out []record.Finding) {
		if d.steady == nil {
			return nil
		}
		for _, p := range d.harmed() {
			for _, c := range d.cachings() {
				hit, miss := hits(p, c.node)
				before, missed := hits(d.steady, c.node)
				if hit+miss == 0 || before+missed == 0 || before/(before+missed)-hit/(hit+miss) < 0.2 {
					continue
				}
				now, then, silent := miss/p.seconds(), missed/d.steady.seconds(), p.between(c.node, c.behind).bad() > 0.5
				if !silent && now < 1.3*then {
					continue // fewer ask at all
				}
				f := d.lostBy(p, c.node, c.keeps(d))
				f.Evidence = []string{fmt.Sprintf("%s of the answers were copies, %s in %s", spell.Percent(hit/(hit+miss)), spell.Percent(before/(before+missed)), d.steady.Name)}
				switch {
				case silent:
					f.Because = "copies expire while " + c.behind + " does not answer, and one that has expired is not used"
					f.Evidence = append(d.struck(p, [2]string{c.node, c.behind}), f.Evidence...)
				case then == 0:
					f.Because = fmt.Sprintf("%s is asked %.1f times a second, and was not in %s", c.behind, now, d.steady.Name)
				default:
					f.Because = fmt.Sprintf("%s is asked %.1f times as often", c.behind, now/then)
				}
				f.Try = try(
					option{"cache-loss", c.in != "" && c.read.Lease == 0},
					option{"cache-flush-at-peak", c.read == nil && d.faultOf("flush") != nil && !allCoalesce(c.rules)},
					option{"static-stability", c.read != nil && !c.read.LastGood && silent},
					option{"cdn-stale-if-error", c.read == nil && silent && !staleIfError(c.rules)},
				)
				if len(f.Try) > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

func allCoalesce(rules []scenarios.CacheRule) bool {
	for _, r := range rules {
		if !r.Coalesce {
			return false
		}
	}
	return true
}

func staleIfError(rules []scenarios.CacheRule) bool {
	for _, r := range rules {
		if r.StaleIfError > 0 {
			return true
		}
	}
	return false
}

var cacheMissing = Kind{
	Name: "no copy kept",
	Means: "what is behind is slow or refuses, and of the answers that could be copies of earlier ones fewer than three in five are: " +
		"nothing is kept, or what tells copies apart makes no difference, or one lifetime is given to all",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, name := range names(d.nodes) {
				out = append(out, d.uncached(p, d.nodes[name])...)
			}
		}
		return out
	},
}

func (d *diagnosis) uncached(p *phase, n *scenarios.Node) (out []record.Finding) {
	switch n.Kind {
	case scenarios.KindCDN:
		hit, miss := hits(p, n.Name)
		miss += p.count(n.Name, "cache_bypassed_total")
		if miss == 0 || hit/(hit+miss) > 0.6 || !d.suffers(p, n.Name, n.Origin) || d.kind(n.Origin) == scenarios.KindCDN {
			return nil
		}
		f := d.finding(p, n.Name, n.Name)
		f.Evidence = []string{fmt.Sprintf("%s of the answers are copies; %.0f requests went on to %s", spell.Percent(hit/(hit+miss)), miss, n.Origin)}
		f.Because = "the origin is asked again for what it has answered a moment ago"
		key, control, negative := false, false, false
		for _, r := range n.Cache {
			key, control, negative = key || r.Key != nil, control || r.CacheControl, negative || r.NegativeTTL > 0
		}
		f.Try = try(
			option{"cdn-ttl", len(n.Cache) == 0 && d.repeats(n.Name)},
			option{"cdn-negative-caching", !negative && errorsOf(p, "404") > 0},
			option{"cdn-cache-key", !key && d.queries(n.Name) && len(n.Cache) > 0},
			option{"cdn-cache-control", !control && d.speaksCacheControl(n.Origin)},
		)
		if len(f.Try) > 0 {
			out = append(out, f)
		}
	case scenarios.KindService:
		for _, c := range d.from(n.Name) {
			if !c.read || c.cache != nil || !d.suffers(p, n.Name, c.to) || !strings.HasPrefix(c.endpoint, "GET ") {
				continue
			}
			f := d.finding(p, arrow(n.Name, c.to), n.Name)
			f.Evidence = append(d.struck(p, [2]string{n.Name, c.to}),
				fmt.Sprintf("%d reads of %s, none of them kept; %s not answered well", p.between(n.Name, c.to).attempts, c.to, spell.Percent(p.between(n.Name, c.to).bad())))
			f.Because = "each request reads anew what others have read a moment ago"
			f.Try = try(option{"cache-aside", len(d.below(n.Name)) <= 2 && p.between(n.Name, c.to).bad() > 0.05})
			if len(f.Try) > 0 {
				out = append(out, f)
			}
		}
	}
	return out
}

// repeats tells that a load asks a node for things that it has few of: copies would be asked for again.
func (d *diagnosis) repeats(node string) bool {
	for _, l := range d.loads {
		if !d.below(l.To)[node] {
			continue
		}
		for _, r := range l.Requests {
			for _, p := range r.Params {
				if !p.Sequence && (p.Of < 10000) {
					return true
				}
			}
			if len(r.Params) == 0 && strings.HasPrefix(r.Send, "GET ") {
				return true
			}
		}
	}
	return false
}

// queries tells that requests that come by a node have queries.
func (d *diagnosis) queries(node string) bool {
	for _, l := range d.loads {
		for _, r := range l.Requests {
			if d.below(l.To)[node] && strings.Contains(r.Send, "?") {
				return true
			}
		}
	}
	return false
}

// speaksCacheControl tells that a node says how long its answers may be kept.
func (d *diagnosis) speaksCacheControl(node string) bool {
	says := false
	if n := d.nodes[node]; n != nil {
		n.EachStep(func(s *scenarios.Step, _ scenarios.Path) {
			says = says || s.Respond != nil && s.Respond.CacheControl != ""
		})
	}
	return says
}
