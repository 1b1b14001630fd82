package findings

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

var connectionsExhausted = Kind{
	Name: "connections exhausted",
	Means: "a node takes so many connections and no more, and users that need one lose requests: others keep theirs open, or keep them for longer " +
		"than they work",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, name := range names(d.nodes) {
				n := d.nodes[name]
				if n.Connections == 0 || n.Kind == scenarios.KindDatabase {
					continue
				}
				opened := d.connectionsTo(p, name)
				if opened < int64(n.Connections) && errorsOf(p, "timeout") == 0 {
					continue
				}
				f := d.finding(p, name, name)
				f.Evidence = []string{fmt.Sprintf("%d connections were opened to %s, which takes %d at once; %d requests ended in a timeout", opened, name, n.Connections, errorsOf(p, "timeout"))}
				f.Because = "who holds a connection without working keeps others from having one"
				entry := slices.ContainsFunc(slices.Collect(loadsOf(d)), func(l *scenarios.Load) bool { return l.To == name })
				pooled := false
				for _, c := range d.to(name) {
					pooled = pooled || d.nodes[c.from].UpstreamPool > 0
				}
				f.Try = try(
					option{"slow-clients", entry && n.HeaderTimeout == 0},
					option{"connection-pool", !entry && !pooled},
				)
				if len(f.Try) > 0 && f.Lost > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

func (d *diagnosis) connectionsTo(p *phase, node string) (n int64) {
	for key, one := range p.pairs {
		if key[1] == node {
			n += one.connections
		}
	}
	return n
}

// loadsOf are the loads in one order: what is found must not depend on that of a map.
func loadsOf(d *diagnosis) func(func(*scenarios.Load) bool) {
	return func(yield func(*scenarios.Load) bool) {
		for _, name := range names(d.loads) {
			if !yield(d.loads[name]) {
				return
			}
		}
	}
}

// defaultPool is how many connections a service opens to a database where its scenario does not say.
const defaultPool = 10

var poolExhausted = Kind{
	Name: "connection pool exhausted",
	Means: "a service has more than twice as many requests under way as it may have connections to its database, while the database itself is not short of " +
		"workers: they wait for a connection",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, c := range d.calls {
				from := d.nodes[c.from]
				if d.kind(c.to) != scenarios.KindDatabase || !c.read && !c.write || from.Kind != scenarios.KindService {
					continue
				}
				pool := from.Pool
				if pool == 0 {
					pool = defaultPool
				}
				pool *= d.replicas(c.from)
				inFlight := p.count(c.from, "in_flight")
				if inFlight < 2*float64(pool) || p.waited(c.to) > much || p.count(c.to, "lock_seconds_total") > 1 {
					continue
				}
				f := d.finding(p, arrow(c.from, c.to), c.from)
				f.Evidence = []string{fmt.Sprintf("%.0f requests of %s are under way at the end, and it may have %d connections to %s", inFlight, c.from, pool, c.to)}
				f.Because = "each holds its connection for as long as the way and the work take; the rest wait for one"
				slower := d.steady != nil && p.between(c.from, c.to).firstByteMs > 1.5*d.steady.between(c.from, c.to).firstByteMs
				f.Try = try(option{"pool-size", from.Pool == 0 && slower})
				if len(f.Try) > 0 && f.Lost > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}

var lockedRow = Kind{
	Name:  "hot row",
	Means: "a write of a database waits 20 ms or more in the mean for the lock of its row",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.harmed() {
			for _, name := range names(d.nodes) {
				writes, locked := p.count(name, "writes_total"), p.count(name, "lock_seconds_total")
				if writes == 0 || 1000*locked/writes < much {
					continue
				}
				f := d.finding(p, name, name)
				f.Evidence = []string{fmt.Sprintf("a write waits %s for its row, in the mean of %.0f", spell.Milliseconds(1000*locked/writes), writes)}
				f.Because = "writes of one row wait for each other until each is durable"
				f.Try = try(option{"hot-row", true})
				out = append(out, f)
			}
		}
		return out
	},
}

var outOfMemory = Kind{
	Name:  "out of memory",
	Means: "the kernel has killed something of an instance that used more memory than its limit",
	find: func(d *diagnosis) (out []record.Finding) {
		const killed = "squall_out_of_memory_total"
		for _, name := range names(d.nodes) {
			var evidence []string
			for _, n := range d.r.Nodes {
				if times := n.Counters[killed]; n.Name == name && times > 0 {
					evidence = append(evidence, fmt.Sprintf("%s was killed for want of memory: %.0f×", n.Instance, times))
				}
			}
			if len(evidence) == 0 || len(d.phases) == 0 {
				continue
			}
			p := d.phases[len(d.phases)-1]
			if harmed := d.harmed(); len(harmed) > 0 {
				p = harmed[0]
			}
			for _, one := range d.phases { // one that can't be read any more after that is not in its phase's counts
				if one.counts[name][killed] > 0 {
					p = one
				}
			}
			f := d.finding(p, name, name)
			f.Evidence = evidence
			f.Because = "what it keeps grew beyond its limit: requests and connections under way, a cache without a bound, a leak, or a limit that is too low for its load"
			f.Try = try(option{"queue-bound", d.nodes[name].Image == "" && d.nodes[name].Queue == nil}, option{"gateway-shed", d.nodes[name].Image == "" && d.nodes[name].Shed == nil})
			out = append(out, f)
		}
		return out
	},
}
