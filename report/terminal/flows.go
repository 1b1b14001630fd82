package terminal

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// flow is what all instances of a queue or a stream have delivered to a node.
type flow struct {
	name string
	sum  record.Delivery
	// most is what waited at the end of the phase at whose end most did.
	most   int64
	mostIn string
}

// flows shows what queues and streams have delivered, and what waits at the end.
func flows(s *sheet, r *record.Result) error {
	g := &grid{columns: []column{
		{name: "QUEUE OR STREAM", text: true}, {name: "delivered"}, {name: "waiting"},
		{name: "oldest"}, {name: "most waiting", rank: 1}, {name: "dead"},
		{name: "expired"}, {name: "in time"},
	}}
	for _, f := range flowsOf(r, s.Verbose) {
		oldest, most, fresh := "", "", ""
		if f.sum.Backlog > 0 {
			oldest = spell.Seconds(f.sum.LagS)
		}
		if f.most > f.sum.Backlog {
			most = fmt.Sprintf("%s at the end of %s", spell.Count(f.most), f.mostIn)
		}
		if f.sum.Fresh > 0 && f.sum.Delivered > 0 { // where none is, the scenario may not say what is fresh
			fresh = spell.Percent(float64(f.sum.Fresh) / float64(f.sum.Delivered))
		}
		g.add(f.name, spell.Count(f.sum.Delivered), spell.Count(f.sum.Backlog), oldest, most, spell.Count(f.sum.Dead), someOf(f.sum.Expired), fresh)
	}
	return s.table(g)
}

// someOf is a count, and nothing for none: its column is there where there are some.
func someOf(n int64) string {
	if n == 0 {
		return ""
	}
	return spell.Count(n)
}

// flowsOf are the deliveries of each pair of nodes, or apart, of each instance that delivers: each edge of one says the same.
func flowsOf(r *record.Result, apart bool) []*flow {
	var all []*flow
	by := map[string]*flow{}
	told := map[[2]string]bool{}
	for _, e := range r.Edges {
		if e.Delivery == nil || told[[2]string{e.FromInst, e.To}] {
			continue
		}
		told[[2]string{e.FromInst, e.To}] = true
		name := nameOf(e, apart)
		if by[name] == nil {
			by[name] = &flow{name: name}
			all = append(all, by[name])
		}
		d := &by[name].sum
		d.Delivered += e.Delivery.Delivered
		d.Fresh += e.Delivery.Fresh
		d.Dead += e.Delivery.Dead
		d.Expired += e.Delivery.Expired
		d.Backlog += e.Delivery.Backlog
		d.LagS = max(d.LagS, e.Delivery.LagS)
	}
	for _, p := range r.Phases {
		waiting, told := map[string]int64{}, map[[2]string]bool{}
		for _, e := range p.Edges {
			if e.Delivery != nil && !told[[2]string{e.FromInst, e.To}] {
				told[[2]string{e.FromInst, e.To}] = true
				waiting[nameOf(e, apart)] += e.Delivery.Backlog
			}
		}
		for _, f := range all {
			if n := waiting[f.name]; n > f.most {
				f.most, f.mostIn = n, p.Name
			}
		}
	}
	return all
}

func nameOf(e record.Edge, apart bool) string {
	if apart {
		return e.FromInst + " -> " + e.To
	}
	return e.From + " -> " + e.To
}
