package terminal

import (
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// breakers shows how often the circuit breakers of each node's callers opened, and for how long one was open: as the readings of the series
// tell, which are a second apart.
func breakers(s *sheet, r *record.Result) error {
	g := &grid{columns: []column{
		{name: "BREAKERS OF", text: true}, {name: "opened"}, {name: "open for about"},
		{name: "calls not made"}, {name: "open at the end"},
	}}
	for _, name := range nodesOf(r) {
		opened, rejected, still := 0.0, 0.0, 0.0
		var instances []string
		for _, n := range r.Nodes {
			if n.Name == name {
				opened += n.Counters["squall_breaker_open_total"]
				rejected += n.Counters["squall_breaker_rejected_total"]
				still += n.Counters["squall_breakers_open"]
				instances = append(instances, n.Instance)
			}
		}
		if opened+rejected+still > 0 {
			g.add(name, times(int64(opened)), openFor(r, instances), spell.Count(int64(rejected)), spell.Count(int64(still)))
		}
	}
	return s.table(g)
}

func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return spell.Count(n) + " times"
}

// openFor is for how long a breaker of one of the instances at least was open.
func openFor(r *record.Result, instances []string) string {
	if len(r.Series) < 2 {
		return words.None
	}
	open := 0.0
	for i, m := range r.Series[:len(r.Series)-1] {
		if slices.ContainsFunc(instances, func(name string) bool { return m.Nodes[name]["squall_breakers_open"] > 0 }) {
			open += r.Series[i+1].AtS - m.AtS
		}
	}
	if open == 0 {
		return "less than 1 s" // it opened and closed between two readings
	}
	return spell.Seconds(open)
}
