// Package compare holds runs against each other: what differs, by how much, and what can't be told. It works from stored records alone. A run is
// one sample; the windows of a run never are, as they depend on each other.
package compare

import (
	"fmt"
	"math"
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
	all, _ := figuresOf(r)
	return all
}

// figuresOf are the figures of a run, and why those of its costs that are none are unknown.
func figuresOf(r *record.Result) ([]Figure, map[string]string) {
	var f figures
	for _, e := range r.Expectations {
		name := f.unique("expectation held: " + e.Text) // also of one that can't be told: the next of its text has the next number in every run
		if e.Holds != nil {
			f.add(name, YesNo, metric.More, oneIf(*e.Holds))
		}
	}
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			f.request(q, f.unique(fmt.Sprintf(" of %s in %s", q.Request, p.Name)))
		}
	}
	for _, fault := range r.Faults {
		after := f.unique(" after " + fault.Name)
		if fault.UndoneS == nil || fault.RecoveryUntold != "" {
			continue
		}
		f.add("recovered"+after, YesNo, metric.More, oneIf(fault.RecoveredAfterS != nil))
		if fault.RecoveredAfterS != nil {
			f.add("time to recover"+after, Seconds, metric.Less, *fault.RecoveredAfterS)
		}
	}
	f.costs(r)
	return f.all, f.unknown
}

type figures struct {
	all     []Figure
	seen    map[string]int
	unknown map[string]string
}

// unique is a name that no other has: a second one of a name gets a number.
func (f *figures) unique(name string) string {
	if f.seen == nil {
		f.seen = map[string]int{}
	}
	if f.seen[name]++; f.seen[name] > 1 {
		name += " (" + strconv.Itoa(f.seen[name]) + ")"
	}
	return name
}

func (f *figures) add(name string, unit Unit, better metric.Better, value float64) {
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
	case Count: // a whole number, but for means
		return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
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
