package findings

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// slowRecoveryS is how long a recovery takes at least that is called slow.
const slowRecoveryS = 3

var recoversSlowly = Kind{
	Name:  "recovery slower than the fault",
	Means: "a fault was off, and users felt it for 3 s or more after that, and for longer than it was on; what is done once, as a flush, is on for no time",
	find: func(d *diagnosis) (out []record.Finding) {
		for i := range d.r.Faults {
			fault := &d.r.Faults[i]
			if fault.AppliedS == nil || fault.UndoneS == nil || fault.RecoveredAfterS == nil || fault.ToldWith != "" {
				continue
			}
			on, after := *fault.UndoneS-*fault.AppliedS, *fault.RecoveredAfterS
			p := d.at(*fault.UndoneS + after/2)
			if after < slowRecoveryS || after <= on || len(fault.Receipt.Did) > 0 || p == nil {
				continue
			}
			f := d.finding(p, fault.On, "")
			f.When.FromS, f.When.ToS = *fault.UndoneS, *fault.UndoneS+after
			f.Evidence = []string{fmt.Sprintf("%s was on for %s, and felt for %s more", fault.Text, spell.Seconds(on), spell.Seconds(after))}
			node, wait := d.longestWait(p)
			if wait > much {
				f.Evidence = append(f.Evidence, fmt.Sprintf("requests of %s still wait %s for a worker in %s", node, spell.Milliseconds(wait), p.Name))
			}
			f.Because = "what has piled up while it was on must be worked off first"
			f.Try = d.endsStorm(node, fault, d.retriesTo(p, node) > 0.1)
			if f.Lost > 0 {
				out = append(out, f)
			}
		}
		return out
	},
}

// at is the phase at a time of the run, nil where there is none.
func (d *diagnosis) at(s float64) *phase {
	for _, p := range d.phases {
		if p.StartS <= s && s < p.EndS {
			return p
		}
	}
	return nil
}

// fewConnections is how many new connections are too few to say anything of.
const fewConnections = 10

// refused tells that most attempts which came to nothing never were a request on a connection: nobody was there to take them, and so nothing
// was thrown away.
func (p *pair) refused() bool { return 2*(p.attempts-p.requests) > p.failures+p.gaveUp }

// dear tells that a new connection between two nodes costs time in a phase: several ways there and back, or one that takes long.
func (d *diagnosis) dear(p *phase, key [2]string, one *pair) bool {
	if d.kind(key[1]) == scenarios.KindDatabase {
		return true
	}
	for _, f := range p.faults {
		for _, e := range one.edges {
			if f.Kind == "latency" && slices.Contains(f.Edges, e.Name) {
				return true
			}
		}
	}
	return false
}

var connectionsThrown = Kind{
	Name: "connections thrown away",
	Means: "between two nodes that are far apart (a latency is on between them) or speak a protocol with a greeting (a database's), ten connections or more are made, " +
		"one for a fifth of the attempts or more, three times as often as in the steady phase, while a fifth of the attempts or more are given up or fail, most of them with a request on its way: " +
		"who leaves takes its connection along, and each new one costs ways there and back before it serves",
	find: func(d *diagnosis) (out []record.Finding) {
		if d.steady == nil {
			return nil
		}
		for _, p := range d.harmed() {
			for _, key := range pairNames(p) {
				one, before := p.pairs[key], d.steady.between(key[0], key[1])
				made := one.connections - p.cut // what was cut, nobody threw away
				now, then := share(made, one.attempts), share(before.connections, before.attempts)
				if d.nodes[key[0]] == nil || made < fewConnections || !d.dear(p, key, one) || now < 0.2 || now < 3*then || one.bad() < 0.2 || one.refused() {
					continue
				}
				f := d.finding(p, arrow(key[0], key[1]), key[1])
				f.Evidence = []string{
					fmt.Sprintf("%d connections for %d attempts, %d for %d in %s", one.connections, one.attempts, before.connections, before.attempts, d.steady.Name),
					fmt.Sprintf("%d attempts given up, %d failed", one.gaveUp, one.failures),
				}
				f.Because = "an attempt that times out or is given up takes its connection along, and the next one waits for a new one to be made"
				f.Try = d.separates(key[0], key[1])
				if f.Lost > 0 {
					out = append(out, f)
				}
			}
		}
		return out
	},
}
