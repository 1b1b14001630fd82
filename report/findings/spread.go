package findings

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// What a second must show to be a bad one of a node: of fewAttempts or more attempts at it badShare are not answered well, or
// its first byte takes slowTimes as long as in the steady phase and much longer, or its requests wait for a worker so, or
// manyTimes as many attempts are under way at its end as ever were in the steady phase: what hangs fails only when somebody's patience ends.
const (
	fewAttempts = 5
	badShare    = 0.1
	slowTimes   = 2
	manyTimes   = 3
)

// mostSpread bounds how many places the way of a failure names.
const mostSpread = 6

// second is what one reading of the series says of a node: that it was bad, and how.
type second struct {
	from, to float64
	what     string // "" where it was well
}

// spread is the way a phase's failure went over the nodes that have to do with what a finding names, and to users.
func (d *diagnosis) spread(f record.Finding) []record.Worsened {
	if d.steady == nil || len(d.r.Series) < 2 || f.When.Phase == d.steady.Name {
		return nil
	}
	depth := d.depths()
	var out []record.Worsened
	for _, node := range names(d.nodes) {
		if !d.concerns(f, node) {
			continue
		}
		if at, what, is := onset(d.seconds(node), f.When, d.since(f.When)); is {
			out = append(out, record.Worsened{Where: node, AtS: at, What: what})
		}
	}
	sortSpread(out, depth)
	out = out[:min(len(out), mostSpread-1)]
	if at, load, what := d.felt(f); load != "" {
		out = append(out, record.Worsened{Where: load, AtS: at, What: what})
		sortSpread(out, depth)
	}
	if len(out) < 2 {
		return nil // one place is where the finding says
	}
	return out
}

// sortSpread orders by the second, and what is deeper first within one; loads are above all nodes. Readings are made a little
// after the second that windows begin at.
func sortSpread(of []record.Worsened, depth map[string]int) {
	slices.SortStableFunc(of, func(a, b record.Worsened) int {
		return cmp.Or(cmp.Compare(math.Round(a.AtS), math.Round(b.AtS)), cmp.Compare(depth[b.Where], depth[a.Where]))
	})
}

// concerns tells that a node has to do with a finding: it is named there, asks what is, or is asked by it.
func (d *diagnosis) concerns(f record.Finding, node string) bool {
	for _, named := range strings.Split(f.Where, " -> ") {
		if d.nodes[named] == nil {
			continue
		}
		if named == node || d.below(named)[node] || d.below(node)[named] {
			return true
		}
	}
	return false
}

// depths are how many calls each node is away from the load that is nearest to it.
func (d *diagnosis) depths() map[string]int {
	out := map[string]int{}
	var next []string
	for _, name := range names(d.loads) {
		next = append(next, d.loads[name].To)
	}
	for depth := 1; len(next) > 0; depth++ {
		var after []string
		for _, node := range next {
			if out[node] > 0 {
				continue
			}
			out[node] = depth
			for _, c := range d.calls {
				if c.from == node {
					after = append(after, c.to)
				}
			}
		}
		next = after
	}
	return out
}

// since is the earliest time from which a phase's failure may have come: the phase's own where each fault on in it began with it, whatever
// was wrong before, else any.
func (d *diagnosis) since(when record.Stretch) float64 {
	own := false
	for _, f := range d.r.Faults {
		if f.AppliedS == nil || *f.AppliedS >= when.ToS || f.UndoneS != nil && *f.UndoneS <= when.FromS+beginning {
			continue
		}
		if *f.AppliedS < when.FromS-beginning {
			return math.Inf(-1)
		}
		own = true
	}
	if !own {
		return math.Inf(-1)
	}
	return when.FromS
}

// beginning is how far, in s, what begins together may be apart: a fault and its phase, a reading and its second.
const beginning = 0.1

// onset is the first bad second of the stretch that a time has to do with: one that began before it, without a pause, begins where
// it began, but not before since. Two bad seconds one after the other are a stretch: one alone may be chance.
func onset(all []second, when record.Stretch, since float64) (at float64, what string, is bool) {
	begin := -1
	for i, s := range all {
		if s.what == "" || s.to <= since+beginning {
			begin = -1
			continue
		}
		if begin < 0 {
			begin = i
		}
		if i > begin && s.to > when.FromS && s.from < when.ToS {
			return all[begin].from, all[begin].what, true
		}
	}
	return 0, "", false
}

// seconds are what the series says of a node, reading by reading.
func (d *diagnosis) seconds(node string) []second {
	if known, is := d.series[node]; is {
		return known
	}
	pairOf, usual := map[string]record.Edge{}, int64(1)
	for _, e := range d.r.Edges {
		if e.To == node {
			pairOf[e.Name] = e
		}
	}
	for _, m := range d.r.Series {
		if m.AtS <= d.steady.EndS && m.AtS >= d.steady.StartS {
			usual = max(usual, underWay(m, pairOf))
		}
	}
	var out []second
	for i, m := range d.r.Series[1:] {
		s := second{from: d.r.Series[i].AtS, to: m.AtS}
		s.what = cmp.Or(d.badCalls(m, pairOf), d.waits(m, node))
		if n := underWay(m, pairOf); s.what == "" && n >= max(fewAttempts, manyTimes*usual) {
			s.what = fmt.Sprintf("%s attempts at it under way at once, %s at most before", spell.Count(n), spell.Count(usual))
		}
		out = append(out, s)
	}
	d.series[node] = out
	return out
}

// underWay are the attempts at a node that have not ended at a moment.
func underWay(m record.Moment, edges map[string]record.Edge) (n int64) {
	for name := range edges {
		n += m.Edges[name].InFlight
	}
	return n
}

// badCalls says how the calls of a node went worse than in the steady phase between two readings; "" where they did not.
func (d *diagnosis) badCalls(m record.Moment, edges map[string]record.Edge) string {
	var attempts, bad, requests int64
	var ms, before float64
	for _, name := range names(m.Edges) {
		e, is := edges[name]
		if !is {
			continue
		}
		c := m.Edges[name]
		attempts += c.Attempts
		bad += c.Failures + c.GaveUp
		requests += c.Requests
		ms += c.FirstByteMs * float64(c.Requests)
		before = max(before, d.steady.between(e.From, e.To).firstByteMs)
	}
	ended := max(attempts, bad) // what ends in a second may have begun in one before
	switch {
	case ended >= fewAttempts && float64(bad) >= badShare*float64(ended):
		return spell.Percent(share(bad, ended)) + " of the attempts at it not answered well"
	case requests >= fewAttempts && before > 0 && ms/float64(requests) > slowTimes*before && ms/float64(requests)-before > much:
		return fmt.Sprintf("first byte after %s, %s before", spell.Milliseconds(ms/float64(requests)), spell.Milliseconds(before))
	}
	return ""
}

// waits says for how long requests of a node waited for a worker between two readings, where that was long.
func (d *diagnosis) waits(m record.Moment, node string) string {
	var queued, seconds float64
	for _, n := range d.r.Nodes {
		if n.Name == node {
			queued += m.Nodes[n.Instance]["squall_queued_total"]
			seconds += m.Nodes[n.Instance]["squall_queue_seconds_total"]
		}
	}
	if queued < fewAttempts || 1000*seconds/queued <= max(much, slowTimes*d.steady.waited(node)) {
		return ""
	}
	return fmt.Sprintf("its requests wait %s for a worker", spell.Milliseconds(1000*seconds/queued))
}

// felt is the first second of a finding's time in which a tenth of a load's requests failed, of the load that felt it first.
func (d *diagnosis) felt(f record.Finding) (at float64, load, what string) {
	type count struct{ sent, failed int64 }
	bySecond := map[string]map[int]count{}
	last := 0
	for _, w := range d.r.Windows {
		if w.Phase == "" || !slices.Contains(f.Who, w.Load+": "+w.Request) {
			continue
		}
		if bySecond[w.Load] == nil {
			bySecond[w.Load] = map[int]count{}
		}
		c := bySecond[w.Load][w.Second]
		bySecond[w.Load][w.Second] = count{c.sent + w.Sent + w.Cut, c.failed + w.Failed + w.Cut}
		last = max(last, w.Second)
	}
	for _, name := range names(bySecond) {
		var all []second
		for s := 0; s <= last; s++ {
			c := bySecond[name][s]
			one := second{from: float64(s), to: float64(s + 1)}
			if c.sent >= fewAttempts && float64(c.failed) >= badShare*float64(c.sent) {
				one.what = spell.Percent(share(c.failed, c.sent)) + " of its requests failed"
			}
			all = append(all, one)
		}
		if first, how, is := onset(all, f.When, d.since(f.When)); is && (load == "" || first < at) {
			at, load, what = first, name, how
		}
	}
	return at, load, what
}
