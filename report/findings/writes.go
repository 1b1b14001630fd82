package findings

import (
	"fmt"
	"math"
	"slices"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

var writesLost = Kind{
	Name:  "writes lost",
	Means: "a write that a user was told is done, or the event of one, was not there at the end",
	find: func(d *diagnosis) (out []record.Finding) {
		w := d.r.Writes
		if w.Lost > 0 {
			f := d.whole("the databases")
			f.Lost = w.Lost
			f.Evidence = []string{fmt.Sprintf("%d of %d acknowledged writes are not there", w.Lost, w.Acknowledged)}
			f.Because = "a write is acknowledged before it is on every node that may have to answer for it later"
			if queue, why := d.forgets(); queue != "" {
				f.Where, f.Because = queue, why
			}
			promoted, primary := d.faultOf("promote"), d.faultOf("crash") == nil
			for _, name := range names(d.nodes) {
				if n := d.nodes[name]; n.ReplicaOf != "" {
					f.Where = n.ReplicaOf
				}
			}
			for _, one := range w.Loads {
				if one.Counts.Lost != nil && *one.Counts.Lost == w.Lost {
					f.Evidence = append(f.Evidence, "read back with "+one.ReadBack)
				}
			}
			f.Evidence = append(f.Evidence, d.lostBetween()...)
			if promoted != nil {
				f.Evidence = append(f.Evidence, fmt.Sprintf("%s was promoted at %s", promoted.On, spell.Seconds(*promoted.AppliedS)))
				f.Because = promoted.On + " took over without the writes that the old primary had acknowledged alone"
			}
			p := d.nodes[f.Where]
			async := p != nil && p.Mode != "sync"
			f.Try = try(
				option{"fencing", promoted != nil && primary && (p == nil || p.Lease == 0)},
				option{"replication-sync", promoted != nil && async},
			)
			out = append(out, f)
		}
		if w.EventsLost > 0 {
			f := d.whole("the events")
			f.Lost = w.EventsLost
			f.Evidence = []string{fmt.Sprintf("%d of %d rows have no event", w.EventsLost, w.Events)}
			f.Because = "a row and its event are written one after the other, and who writes them can end in between"
			f.Try = try(option{"outbox", !d.hasOutbox()}, option{"cdc", !d.hasOutbox()})
			out = append(out, f)
		}
		return out
	},
}

// lostBetween says when the writes that are lost had been acknowledged, where the record has them one by one.
func (d *diagnosis) lostBetween() []string {
	first, last := math.Inf(1), math.Inf(-1)
	for _, w := range d.r.Written {
		if w.Lost {
			first, last = min(first, w.DoneS), max(last, w.DoneS)
		}
	}
	if first > last {
		return nil
	}
	return []string{fmt.Sprintf("they were acknowledged from %s to %s", spell.Seconds(first), spell.Seconds(last))}
}

// forgets is a queue of the design that may have no message any more that nobody has worked on, and why.
func (d *diagnosis) forgets() (queue, why string) {
	for _, name := range names(d.nodes) {
		switch n := d.nodes[name]; {
		case n.KeepsNothing():
			return name, "core NATS hands a message to who is there and keeps none: one that came while nobody was is gone, and its sender was not told"
		case n.Kind == scenarios.KindQueue && n.Promise == scenarios.AtMostOnce:
			return name, "a message that is given away at most once is gone, whatever becomes of who took it"
		}
	}
	return "", ""
}

var writesDoubled = Kind{
	Name:  "writes doubled",
	Means: "a write is there more than once: it was tried again although the first try had worked, and carries no key to tell",
	find: func(d *diagnosis) []record.Finding {
		if d.r.Writes.Duplicated == 0 {
			return nil
		}
		f := d.whole("the databases")
		f.Lost = d.r.Writes.Duplicated
		f.Evidence = []string{fmt.Sprintf("%d surplus %s", d.r.Writes.Duplicated, copies(d.r.Writes.Duplicated))}
		f.Because = "who tries again can't know that the first try was done, and the write has no key by which its second copy is known"
		delivered := map[string]bool{}
		for _, c := range d.calls {
			if c.async {
				delivered[c.to] = true
			}
		}
		var consumer, caller bool
		for _, c := range d.calls {
			consumer = consumer || c.write && delivered[c.from]
			caller = caller || c.write && !delivered[c.from]
		}
		f.Try = try(option{"idempotent-consumer", consumer}, option{"idempotency", caller})
		return []record.Finding{f}
	},
}

func copies(n int64) string {
	if n == 1 {
		return "copy"
	}
	return "copies"
}

var staleReads = Kind{
	Name:  "stale reads",
	Means: "a replica showed a user less than what that user had written before",
	find: func(d *diagnosis) (out []record.Finding) {
		for _, p := range d.phases {
			var stale int64
			for _, q := range p.Requests {
				stale += q.StaleReads
			}
			if stale == 0 {
				continue
			}
			f := d.finding(p, "the replicas", "")
			f.Lost = stale
			f.Evidence = []string{fmt.Sprintf("%d answers showed less than their user had written", stale)}
			f.Because = "a read goes to a replica that has not yet had the user's own write"
			f.Try = try(option{"read-your-writes", true})
			out = append(out, f)
		}
		return out
	},
}

// whole begins a finding about the writes of a whole run, of all requests where the design does not say which write.
func (d *diagnosis) whole(where string) record.Finding {
	f := record.Finding{Where: where, When: record.Stretch{ToS: d.r.DurationS}, Who: []string{}}
	var all []string
	for _, p := range d.r.Phases {
		for _, q := range p.Requests {
			who := q.Load + ": " + q.Request
			if slices.Contains(all, who) {
				continue
			}
			all = append(all, who)
			if d.passes(q.Load, q.Request, written) {
				f.Who = append(f.Who, who)
			}
		}
	}
	if len(f.Who) == 0 {
		f.Who = append(f.Who, all...)
	}
	return f
}

// faultOf is the first fault of a kind, nil where there was none.
func (d *diagnosis) faultOf(kind string) *record.Fault {
	for i, f := range d.r.Faults {
		if f.Kind == kind && f.AppliedS != nil {
			return &d.r.Faults[i]
		}
	}
	return nil
}

func (d *diagnosis) hasOutbox() bool {
	found := false
	for _, n := range d.nodes {
		n.EachStep(func(s *scenarios.Step, _ scenarios.Path) { found = found || s.Outbox.Outbox != "" })
	}
	return found
}
