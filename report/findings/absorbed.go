package findings

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// absorber is one mechanism that keeps a failure from spreading: the counter that says how often it did, and the words for it.
type absorber struct {
	by, metric, text string
	// whenBad: what it counts is its everyday work, and absorbs something only while what is behind it is not well.
	whenBad bool
	// ruled: it refuses by a rule, and does so without a fault, too.
	ruled bool
	// less is the counter of what the metric counts too and another mechanism did.
	less string
}

// leastAbsorbed is how often a mechanism must have acted to be told of.
const leastAbsorbed = 5

var absorbers = []absorber{
	{by: "cache", metric: "cache_stale_total", text: "%s answered %s requests with copies that had expired"},
	{by: "cache", metric: "cache_hits_total", text: "%s answered %s requests with fresh copies while what is behind it was not well", whenBad: true},
	{by: "fallback", metric: "degraded_total", less: "cache_stale_total", text: "%s answered %s requests without what failed"},
	{by: "failover", metric: "failovers_total", text: "%s asked somebody else in %s calls"},
	{by: "hedge", metric: "hedges_won_total", text: "%s took the answer of the second attempt in %s calls"},
	{by: "breaker", metric: "breaker_rejected_total", text: "%s did not make %s calls that would have waited for what failed"},
	{by: "bulkhead", metric: "bulkhead_rejected_total", text: "%s turned %s calls away that would have taken its workers", ruled: true},
	{by: "shedding", metric: "shed_total", text: "%s refused %s requests at once and served the rest", ruled: true},
	{by: "rate limit", metric: "rate_limited_total", text: "%s refused %s requests over their client's rate", ruled: true},
	{by: "bot rules", metric: "bots_blocked_total", text: "%s refused %s requests of programs that its rules keep out", ruled: true},
	{by: "bot rules", metric: "bots_limited_total", text: "%s refused %s requests of programs over the rate that its rules leave them", ruled: true},
}

// absorbed is what the mechanisms of an architecture kept away while faults were on, and what its rules refused in any phase but the steady one:
// what each counted, where that is more than at its rate of that, by phase, the most first.
func (d *diagnosis) absorbed() []record.Absorbed {
	var out []record.Absorbed
	for _, p := range d.phases {
		if p == d.steady {
			continue
		}
		calm := len(p.faults) == 0
		var of []record.Absorbed
		if !calm {
			of = d.kept(p)
		}
		for _, node := range names(d.nodes) {
			for _, a := range absorbers {
				if n, usual := d.acted(p, node, a); float64(n)-usual >= leastAbsorbed && (a.ruled || !calm) {
					of = append(of, record.Absorbed{Phase: p.Name, Where: node, By: a.by, Count: n, Text: fmt.Sprintf(a.text, node, spell.Count(n)) + d.ofThese(usual)})
				}
			}
		}
		slices.SortStableFunc(of, func(a, b record.Absorbed) int { return cmp.Compare(b.Count, a.Count) })
		out = append(out, of...)
	}
	return out
}

// acted is how often a mechanism of a node acted in a phase, and how often it does in as long a time of the steady one.
func (d *diagnosis) acted(p *phase, node string, a absorber) (n int64, usual float64) {
	n = a.counted(p, node)
	if a.whenBad {
		for _, c := range d.from(node) {
			if p.between(node, c.to).bad() >= badShare {
				return n, 0
			}
		}
		return 0, 0
	}
	if d.steady != nil && d.steady != p {
		usual = float64(a.counted(d.steady, node)) * p.seconds() / d.steady.seconds()
	}
	return n, usual
}

// counted is what a node counted of it in a phase.
func (a absorber) counted(p *phase, node string) int64 {
	n := p.count(node, a.metric)
	if a.less != "" {
		n = max(0, n-p.count(node, a.less))
	}
	return int64(n)
}

// ofThese says how many of what was counted are usual, where any are.
func (d *diagnosis) ofThese(usual float64) string {
	if n := int64(usual + 0.5); n > 0 {
		return fmt.Sprintf(" (%s would be usual, as in %s)", spell.Count(n), d.steady.Name)
	}
	return ""
}

// kept are the messages that queues and streams took while what they deliver to did not.
func (d *diagnosis) kept(p *phase) (out []record.Absorbed) {
	waiting := map[string]int64{}
	for _, e := range p.Edges {
		if e.Delivery != nil && p.between(e.From, e.To).bad() >= badShare {
			waiting[e.From] = max(waiting[e.From], e.Delivery.Backlog)
		}
	}
	for _, node := range names(waiting) {
		took := int64(p.count(node, "messages_total"))
		if took < leastAbsorbed {
			continue
		}
		out = append(out, record.Absorbed{Phase: p.Name, Where: node, By: "queue", Count: took, Text: fmt.Sprintf(
			"%s took %s messages while their receiver failed; %s wait at the phase's end", node, spell.Count(took), spell.Count(waiting[node]))})
	}
	return out
}
