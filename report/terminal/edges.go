package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// shownEdges is how many edges are shown; the rest are counted in a line.
const shownEdges = 6

// crossing is what crossed all edges between two nodes, or with -v one of them.
type crossing struct {
	name  string
	from  string
	sum   record.Edge
	took  *record.Latency // to an answer's first byte; nil: there was none, or it was not measured
	edges []string        // their names
	ends  []string        // the instances of both sides
}

// edges shows what crossed them, replicas together, ordered by what went wrong on them.
func edges(s *sheet, r *record.Result) error {
	all := crossings(r, s.Verbose)
	if !s.Verbose {
		tellOfLoads(all, r)
	}
	slices.SortStableFunc(all, func(a, b crossing) int {
		return cmp.Or(cmp.Compare(b.harm(), a.harm()), cmp.Compare(b.sum.Amplification, a.sum.Amplification))
	})
	shown := all
	if !s.Verbose {
		shown = all[:min(shownEdges, len(all))]
	}
	g := &grid{columns: []column{
		{name: "EDGE", text: true}, {name: "attempts"}, {name: "ok", rank: 1}, {name: "failed"},
		{name: "gave up"}, {name: "under way", rank: 1}, {name: "retries"}, {name: "amplification", rank: 3},
		{name: "p99", rank: 2}, {name: "mean", rank: 5}, {name: "hit by", text: true}, {name: "connections", rank: 4},
		{name: "up", rank: 5}, {name: "down", rank: 5},
	}}
	for _, c := range shown {
		g.add(c.cells(r)...)
	}
	if err := s.table(g); err != nil {
		return err
	}
	if rest := len(all) - len(shown); rest > 0 {
		s.say("", nil, fmt.Sprintf("folded: %s on which no more went wrong (-v, with replicas apart)", spell.Plural(int64(rest), "edge")), s.faint)
	}
	return nil
}

// crossings are the edges that something crossed, in the topology's order.
func crossings(r *record.Result, apart bool) []crossing {
	var all []crossing
	at := map[string]int{}
	for _, e := range r.Edges {
		if e.Attempts == 0 && e.Connections == 0 && e.BytesUp+e.BytesDown == 0 {
			continue
		}
		name := e.From + " -> " + e.To
		if apart {
			name = e.FromInst + " -> " + e.ToInst
		}
		i, known := at[name]
		if !known {
			i = len(all)
			at[name] = i
			all = append(all, crossing{name: name, from: e.From})
		}
		all[i].add(e)
		if all[i].took = e.PairAnswerMs; apart {
			all[i].took = e.AnswerMs
		}
	}
	return all
}

func (c *crossing) add(e record.Edge) {
	waited := c.sum.FirstByteMs*float64(c.sum.Requests) + e.FirstByteMs*float64(e.Requests)
	c.sum.Attempts += e.Attempts
	c.sum.OK += e.OK
	c.sum.Failures += e.Failures
	c.sum.GaveUp += e.GaveUp
	c.sum.InFlight += e.InFlight
	c.sum.Retries += e.Retries
	c.sum.Connections += e.Connections
	c.sum.Requests += e.Requests
	c.sum.BytesUp += e.BytesUp
	c.sum.BytesDown += e.BytesDown
	c.sum.Amplification = max(c.sum.Amplification, e.Amplification)
	if c.sum.Requests > 0 {
		c.sum.FirstByteMs = waited / float64(c.sum.Requests)
	}
	c.edges = append(c.edges, e.Name)
	c.ends = append(c.ends, e.FromInst, e.ToInst)
}

// tellOfLoads gives the edges of each load that calls one node alone what became of its requests. Of several edges, the load can't say
// which of them a request would have taken that reached none; of all together it can.
func tellOfLoads(all []crossing, r *record.Result) {
	from := map[string]int{}
	for _, c := range all {
		from[c.from]++
	}
	for i := range all {
		c := &all[i]
		if from[c.from] > 1 || c.told() {
			continue
		}
		var sent, failed int64
		for _, p := range r.Phases {
			for _, q := range p.Requests {
				if q.Load == c.from {
					sent += q.Sent + q.Cut - q.Unsent
					failed += q.Failed + q.Cut - q.Unsent
				}
			}
		}
		if sent > 0 {
			c.sum.Attempts, c.sum.Failures, c.sum.OK = sent, failed, sent-failed
		}
	}
}

// harm is how many attempts were of no use.
func (c crossing) harm() int64 { return c.sum.Failures + c.sum.GaveUp }

// told tells whether the callers have said what became of their attempts: an image does not.
func (c crossing) told() bool {
	return c.sum.Attempts > 0 && c.sum.OK+c.sum.Failures+c.sum.GaveUp+c.sum.InFlight == c.sum.Attempts
}

func (c crossing) cells(r *record.Result) []string {
	ok, failed, gaveUp, underWay, retries := words.None, words.None, words.None, "", words.None
	if c.told() {
		underWayMore := max(c.sum.InFlight, 0) // fewer than at the begin: more have ended than began, and the shares are of those
		shares := words.Shares(c.sum.OK, c.sum.Failures, c.sum.GaveUp, underWayMore)
		ok, failed, gaveUp = shares[0], shares[1], shares[2]
		if underWayMore > 0 {
			underWay = shares[3]
		}
		retries = spell.Count(c.sum.Retries)
	}
	factor, mean, p99 := words.None, words.None, words.None
	if c.sum.Amplification > 0 {
		factor = fmt.Sprintf("%.2fx", c.sum.Amplification)
	}
	if c.sum.FirstByteMs > 0 || c.took != nil {
		mean = spell.Milliseconds(c.sum.FirstByteMs)
	}
	if c.took != nil {
		p99 = words.Latency(*c.took, metric.P99)
	}
	return []string{c.name, spell.Count(c.sum.Attempts), ok, failed, gaveUp, underWay, retries, factor, p99, mean, c.hitBy(r),
		spell.Count(c.sum.Connections), spell.Bytes(c.sum.BytesUp), spell.Bytes(c.sum.BytesDown)}
}

// hitBy are the faults that were on these edges, or on an instance at one of their ends.
func (c crossing) hitBy(r *record.Result) string {
	var names, kinds []string
	for _, f := range r.Faults {
		on := slices.ContainsFunc(f.Edges, func(e string) bool { return slices.Contains(c.edges, e) }) ||
			slices.ContainsFunc(f.Instances, func(i string) bool { return slices.Contains(c.ends, i) })
		if name := words.Called(f); on && f.AppliedS != nil && !slices.Contains(names, name) {
			names, kinds = append(names, name), append(kinds, cmp.Or(f.Name, f.Kind))
		}
	}
	if in := strings.Join(names, ", "); twwidth.Width(in) <= mostHits {
		return in
	}
	return counted(kinds)
}

// mostHits is how many columns what hit an edge gets; where that is longer, the kinds tell of it.
const mostHits = 40

// counted are names in their order, each once and with how often it is there.
func counted(names []string) string {
	times := make(map[string]int)
	var once []string
	for _, n := range names {
		if times[n]++; times[n] == 1 {
			once = append(once, n)
		}
	}
	for i, n := range once {
		if times[n] > 1 {
			once[i] = fmt.Sprintf("%s ×%d", n, times[n])
		}
	}
	return strings.Join(once, ", ")
}
