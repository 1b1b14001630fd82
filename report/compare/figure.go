// Package compare holds runs against each other: what differs, by how much, and what can't be told. It works from stored records alone. A run is
// one sample; the windows of a run never are, as they depend on each other.
package compare

import (
	"fmt"
	"strconv"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// Figure is one thing that a run measured.
type Figure struct {
	// Name says what of whom and when, as in: p99 of GET /a in steady. The same in every run of a scenario.
	Name string
	Unit Unit
	// Better is the way that is better; Neither of what a design costs without users feeling it.
	Better metric.Better
	Value  float64
}

// Unit is how a figure is spelled.
type Unit string

// The units.
const (
	Share   Unit = "share"
	PerS    Unit = "/s"
	Millis  Unit = "ms"
	Seconds Unit = "s"
	Factor  Unit = "x"
	Count   Unit = ""
	YesNo   Unit = "yes"
)

// Of are the figures of a run, in the order in which they are told: what was expected, what users felt, then what it cost. What is unknown in the run
// is not among them.
func Of(r *record.Result) []Figure {
	var f figures
	for _, e := range r.Expectations {
		if e.Holds != nil {
			f.add("expectation held: "+e.Text, YesNo, metric.More, oneIf(*e.Holds))
		}
	}
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			f.request(q, fmt.Sprintf(" of %s in %s", q.Request, p.Name))
		}
	}
	for _, fault := range r.Faults {
		if fault.UndoneS == nil || fault.RecoveryUntold != "" {
			continue
		}
		after := " after " + fault.Name
		f.add("recovered"+after, YesNo, metric.More, oneIf(fault.RecoveredAfterS != nil))
		if fault.RecoveredAfterS != nil {
			f.add("time to recover"+after, Seconds, metric.Less, *fault.RecoveredAfterS)
		}
	}
	f.costs(r)
	return f.all
}

type figures struct {
	all  []Figure
	seen map[string]int
}

// add takes a figure; a second one of a name gets a number.
func (f *figures) add(name string, unit Unit, better metric.Better, value float64) {
	if f.seen == nil {
		f.seen = map[string]int{}
	}
	if f.seen[name]++; f.seen[name] > 1 {
		name += " (" + strconv.Itoa(f.seen[name]) + ")"
	}
	f.all = append(f.all, Figure{name, unit, better, value})
}

func (f *figures) request(q record.Request, of string) {
	if q.Sent == 0 {
		return
	}
	share := func(n int64) float64 { return float64(n) / float64(q.Sent) }
	f.add("success"+of, Share, metric.More, share(q.OK+q.Degraded))
	f.add("degraded"+of, Share, metric.Less, share(q.Degraded))
	f.add("goodput"+of, PerS, metric.More, q.Goodput)
	if q.AnswerMs == nil {
		return
	}
	for _, p := range []struct {
		name  metric.Name
		value float64
	}{{metric.P50, q.AnswerMs.P50}, {metric.P99, q.AnswerMs.P99}} {
		if q.AnswerMs.Count >= p.name.Facts().Needs() {
			f.add(string(p.name)+of, Millis, metric.Less, p.value)
		}
	}
}

// costs are what a design takes for what it gives, over all phases: so that nothing wins by hiding it.
func (f *figures) costs(r *record.Result) {
	var attempts, connections, backlog, sent, degraded, stale, answered int64
	delivers := false
	var most float64
	counted := map[string]bool{}
	for _, e := range r.Edges {
		attempts, connections = attempts+e.Attempts, connections+e.Connections
		if e.Attempts > 0 {
			most = max(most, e.Amplification)
		}
		if key := e.FromInst + "\x00" + e.To; e.Delivery != nil && !counted[key] { // each edge of an instance says the same
			counted[key], delivers = true, true
			backlog += e.Delivery.Backlog
		}
	}
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			sent, degraded, stale, answered = sent+q.Sent, degraded+q.Degraded, stale+q.StaleReads, answered+q.OK+q.Degraded
		}
	}
	if len(r.Edges) > 0 {
		f.add(costs+"attempts", Count, metric.Less, float64(attempts))
		f.add(costs+"amplification, the most of an edge", Factor, metric.Less, most)
		f.add(costs+"connections opened", Count, metric.Less, float64(connections))
	}
	if delivers {
		f.add(costs+"backlog at the end", Count, metric.Less, float64(backlog))
	}
	if answered > 0 {
		f.add(costs+"stale reads", Share, metric.Less, float64(stale)/float64(answered))
		f.add(costs+"degraded answers", Share, metric.Less, float64(degraded)/float64(sent))
	}
	if r.Writes.Checked && r.Writes.Acknowledged > 0 {
		f.add(costs+"acknowledged writes lost", Count, metric.Less, float64(r.Writes.Lost))
	}
}

// costs begins the names of what a design costs.
const costs = "cost: "

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// Spell writes a figure's value as short as reads well.
func (u Unit) Spell(v float64) string {
	switch u {
	case Share:
		return strconv.FormatFloat(v*100, 'f', 2, 64) + "%"
	case YesNo:
		switch v {
		case 0:
			return "no"
		case 1:
			return "yes"
		}
		return strconv.FormatFloat(v*100, 'f', 0, 64) + "% yes"
	case Count:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case Factor:
		return strconv.FormatFloat(v, 'f', 2, 64) + "x"
	case PerS:
		return strconv.FormatFloat(v, 'f', 1, 64) + "/s"
	}
	digits := 1
	if v < 10 && v > -10 {
		digits = 2
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + " " + string(u)
}
