package findings

import (
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

var queueGrows = Kind{
	Name: "queue that grows",
	Means: "the requests of a node wait 20 ms or more for a worker in the mean, or it sheds a fiftieth of them, or works for callers that had left for a twentieth, and nothing bounds what waits: " +
		"it is asked for more than it can do",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, name := range names(d.nodes) {
				evidence, short := d.short(p, name)
				all := p.count(name, "requests_total")
				if !short || all == 0 || d.shedBefore(name) || bounded(d.nodes[name]) {
					continue
				}
				f := d.finding(p, name, name)
				left := d.left(p, name)
				f.Evidence = []string{evidence, fmt.Sprintf("%.1f/s came and %.1f/s left it", all/p.seconds(), left/p.seconds())}
				if depth := p.count(name, "queue_depth"); depth > 0 {
					f.Evidence = append(f.Evidence, fmt.Sprintf("%.0f stand in line at the end of %s%s", depth, p.Name, d.emptied(p, depth, left, name, "requests_total")))
				}
				f.Because = "it is asked for more than it can do, and what it can't do waits"
				f.Try = d.bounds(p, name)
				if len(f.Try) > 0 && f.Lost > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

// left is how many requests a node was done with in a phase, answered or not.
func (d *diagnosis) left(p *phase, name string) float64 {
	before := 0.0
	if p.number > 0 {
		before = d.phases[p.number-1].count(name, "in_flight")
	}
	return p.count(name, "requests_total") - (p.count(name, "in_flight") - before)
}

// fewWaiting are worked off before anybody asks when.
const fewWaiting = 10

// emptied says when what waits at a node at the end of a phase is worked off, where the node goes on as it does and is asked what it is in
// the steady phase; "" where that can't be told.
func (d *diagnosis) emptied(p *phase, waiting, left float64, name, asked string) string {
	if d.steady == nil || d.steady == p || waiting < fewWaiting || d.steady.count(name, asked) == 0 {
		return ""
	}
	usual := d.steady.count(name, asked) / d.steady.seconds()
	spare := left/p.seconds() - usual
	when := "never be empty"
	if spare > 0.01*usual {
		when = "be empty after " + spell.Seconds(waiting/spare)
	}
	return fmt.Sprintf(": at this pace, and asked for the %.1f/s of %s, it would %s", usual, d.steady.Name, when)
}

// bounds are the patterns that bound a queue, or give it less to do.
func (d *diagnosis) bounds(p *phase, name string) []record.Remedy {
	n := d.nodes[name]
	service, database := n.Kind == scenarios.KindService, n.Kind == scenarios.KindDatabase
	unbounded := service && n.Queue == nil && n.MaxWait == 0 && n.TargetWait == 0 && n.Shed == nil
	gateway := false // one before it that does not shed
	static := n.Shed != nil && n.Shed.Adaptive == "" && p.waited(name) > 5*much
	throttled := true
	for _, c := range d.to(name) {
		from := d.nodes[c.from]
		gateway = gateway || from.Kind == scenarios.KindGateway && from.Shed == nil
		throttled = throttled && c.policy.Throttle != nil
	}
	replica := false
	for _, o := range d.nodes {
		replica = replica || o.ReplicaOf == name
	}
	scaled := false
	for _, f := range p.faults {
		scaled = scaled || f.Kind == "scale"
	}
	hedged := false
	for _, c := range d.to(name) {
		hedged = hedged || c.policy.Hedge != nil
	}
	surge := d.steady != nil && p != d.steady && float64(p.sent())/p.seconds() > 1.5*float64(d.steady.sent())/d.steady.seconds()
	return try(
		option{"scale-down", scaled && unbounded},
		option{"adaptive-concurrency", static},
		option{"read-replicas", database && readShare(p, name) > 0.5 && !d.costly(name) && d.readReplicaFree(name)},
		option{"tied-requests", d.replicas(name) > 2 && !hedged && p.count(name, "shed_total") == 0},
		option{"gateway-shed", gateway && len(d.loads) == 1},
		option{"throttle", !throttled && service && (surge || len(p.faults) > 0)},
		option{"queue-codel", unbounded && surge},
		option{"queue-bound", unbounded},
		option{"interactions", unbounded},
	)
}

// readShare is the share of reads among a database's statements.
func readShare(p *phase, name string) float64 {
	reads, writes := p.count(name, "reads_total"), p.count(name, "writes_total")
	if reads == 0 {
		return 0
	}
	return reads / (reads + writes)
}

// readReplicaFree tells that nothing is read from a replica of a database.
func (d *diagnosis) readReplicaFree(name string) bool {
	for _, n := range d.nodes {
		if n.ReplicaOf != name {
			continue
		}
		for _, c := range d.to(n.Name) {
			if c.read {
				return false
			}
		}
	}
	return true
}

var backlog = Kind{
	Name: "backlog",
	Means: "a queue or a stream delivers less than it is given, or delivers what is too old: messages wait at the end of a phase for longer than a second, " +
		"or a subscriber's part stands still behind one that can't be taken",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.phases {
			for _, e := range p.Edges {
				q := d.nodes[e.From]
				if e.Delivery == nil || q == nil {
					continue
				}
				v := e.Delivery
				late := v.Delivered - v.Fresh
				if v.Backlog < 10 || v.LagS < 1 && late < v.Delivered/10 {
					continue
				}
				f := d.finding(p, arrow(e.From, e.To), "")
				f.Lost = v.Backlog
				f.Evidence = append(d.struck(p, [2]string{e.From, e.To}),
					fmt.Sprintf("%d messages wait at the end of %s, the first of them for %.1f s%s", v.Backlog, p.Name, v.LagS,
						d.emptied(p, float64(v.Backlog), float64(v.Delivered), e.From, "messages_total")),
					fmt.Sprintf("%.1f/s came and %.1f/s were delivered", p.count(e.From, "messages_total")/p.seconds(), float64(v.Delivered)/p.seconds()))
				if e.Failures > 0 {
					f.Evidence = append(f.Evidence, fmt.Sprintf("%d of %d attempts to deliver failed", e.Failures, e.Attempts-e.InFlight))
				}
				f.Because = e.To + " takes less than comes in, or nothing behind what it can't take"
				f.Try = d.drains(q, e)
				if len(f.Try) > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

func (d *diagnosis) drains(q *scenarios.Node, e record.Edge) []record.Remedy {
	stream := q.Kind == scenarios.KindStream
	redeliver, fresh := q.Redeliver > 0, q.Freshness > 0
	for _, s := range q.Subscribers {
		redeliver = redeliver || s.To.Node == e.To && s.Redeliver > 0
	}
	failing := e.Failures > 0
	return try(
		option{"poison-partition", stream && failing && !redeliver},
		option{"queue-dead-letters", !stream && failing && !redeliver && !fresh},
		option{"freshness-first", !stream && q.Order != "newest" && fresh},
		option{"hot-partition", stream && !failing && q.Partitions > 1},
		option{"backpressure", !stream && !failing && q.Most == 0 && !fresh},
	)
}

// shedBefore tells that all who call a node shed, or throttle, what is more than it can do: what waits at it is bounded by them.
func (d *diagnosis) shedBefore(node string) bool {
	callers := d.to(node)
	for _, c := range callers {
		if d.nodes[c.from].Shed == nil && c.policy.Throttle == nil {
			return false
		}
	}
	return len(callers) > 0
}

// bounded tells a service whose queue can't grow, be it by length or by time.
func bounded(n *scenarios.Node) bool {
	return n.Kind == scenarios.KindService && n.Shed == nil && (n.Queue != nil || n.MaxWait > 0 || n.TargetWait > 0)
}
