package page

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// requests is the table of what users got, by phase and kind of request.
func requests(r *record.Result, several bool) node {
	header := []string{"phase", "request", "sent", "failed", "degraded", "ok", "goodput", "p50", "p90", "p99", "p99.9", "max", "errors"}
	var rows [][]any
	for _, p := range r.Phases {
		name := p.Name
		for _, q := range p.Requests {
			if q.Sent+q.Cut == 0 {
				continue
			}
			kind := q.Request
			if several {
				kind = q.Load + ": " + kind
			}
			row := []any{name, kind, dash(q.Sent), el("td", class("n loss-"+strconv.Itoa(level(portion(q.Failed, q.Sent)))), portionOf(q.Failed, q.Sent)),
				portionOf(q.Degraded, q.Sent), portionOf(q.OK, q.Sent), perSecond(q.Goodput)}
			row = append(row, percentilesOf(q)...)
			rows = append(rows, append(row, el("td", class("l"), errorsOf(q))))
			name = ""
		}
	}
	return table("Latencies are of answers, ok and degraded, from the intended time. A percentile of too few answers is left out.", 2, header, rows)
}

// percentilesOf are the latencies of a request's answers; of too few answers there is no percentile.
func percentilesOf(q record.Request) []any {
	if q.AnswerMs == nil {
		return []any{"–", "–", "–", "–", "–"}
	}
	l := *q.AnswerMs
	var out []any
	for _, p := range []struct {
		value  float64
		fewest int64
	}{{l.P50, 1}, {l.P90, 5}, {l.P99, fewest}, {l.P999, 500}, {l.Max, 1}} {
		if l.Count < p.fewest {
			out = append(out, "–")
		} else {
			out = append(out, spell.Milliseconds(p.value))
		}
	}
	return out
}

// errorsOf are the classes of a request's failures, the most frequent first.
func errorsOf(q record.Request) string {
	classes := slices.Collect(maps.Keys(q.Errors))
	slices.SortFunc(classes, func(a, b string) int { return cmp.Or(cmp.Compare(q.Errors[b], q.Errors[a]), cmp.Compare(a, b)) })
	var words []string
	for _, c := range classes {
		words = append(words, c+" "+spell.Count(q.Errors[c]))
	}
	if q.Cut > 0 {
		words = append(words, "cut by a fault "+spell.Count(q.Cut))
	}
	return strings.Join(words, ", ")
}

// byHarm puts the edges first over which most was lost.
func byHarm(pairs []pair) []pair {
	pairs = slices.Clone(pairs)
	slices.SortStableFunc(pairs, func(a, b pair) int {
		return cmp.Or(cmp.Compare(b.sum.Failures+b.sum.GaveUp, a.sum.Failures+a.sum.GaveUp), cmp.Compare(b.worst, a.worst))
	})
	return pairs
}

func edges(pairs []pair) node {
	var rows [][]any
	for _, p := range byHarm(pairs) {
		if p.crossed() == 0 && p.sum.Connections == 0 {
			continue
		}
		name := p.from + " → " + p.to
		if n := len(p.edges); n > 1 {
			name += " (" + strconv.Itoa(n) + " edges)"
		}
		factor := "–"
		if p.worst > 0 {
			factor = strconv.FormatFloat(p.worst, 'f', 2, 64) + "×"
		}
		rows = append(rows, []any{name, dash(p.crossed()), portionOf(p.sum.Failures, ended(p.sum)), portionOf(p.sum.GaveUp, ended(p.sum)), dash(p.sum.Retries), slowest(p.took), factor,
			dash(p.sum.Connections), spell.Bytes(p.sum.BytesUp), spell.Bytes(p.sum.BytesDown)})
	}
	return table("Replicas taken together, what went worst first. Failed and gave up (the caller had left) are of attempts; p99 is of answers, "+
		"from a request's first byte to its answer's.", 1,
		[]string{"edge", "attempts", "failed", "gave up", "retries", "p99", "amplification", "connections", "up", "down"}, rows)
}

// slowest is the p99 of the answers that crossed an edge; of too few there is none.
func slowest(took *record.Latency) string {
	if took == nil || took.Count < fewest {
		return "–"
	}
	return spell.Milliseconds(took.P99)
}

// deliveries is what queues and streams delivered; nil where there are none.
func deliveries(r *record.Result) node {
	var rows [][]any
	told := map[[2]string]bool{}
	for _, e := range r.Edges {
		d, key := e.Delivery, [2]string{e.FromInst, e.To}
		if d == nil || told[key] {
			continue
		}
		told[key] = true
		waits := "–"
		if d.Backlog > 0 {
			waits = spell.Seconds(d.LagS)
		}
		rows = append(rows, []any{e.FromInst + " → " + e.To, dash(d.Delivered), dash(d.Fresh), dash(d.Dead), dash(d.Expired), dash(d.Backlog), waits})
	}
	if rows == nil {
		return nil
	}
	return table("", 1, []string{"queue or stream", "delivered", "in time", "given up", "expired", "waiting at the end", "oldest"}, rows)
}

// caches is what the caches of each node did; nil where there are none.
func caches(r *record.Result) node {
	var rows [][]any
	for _, m := range members(r) {
		c := map[string]float64{}
		for _, n := range m.instances {
			addUp(c, n.Counters)
		}
		hits, refreshed, misses := c["squall_cache_hits_total"], c["squall_cache_revalidating_total"], c["squall_cache_misses_total"]
		if hits+refreshed+misses == 0 {
			continue
		}
		rows = append(rows, []any{m.name, spell.Percent((hits + refreshed) / (hits + refreshed + misses)), dash(int64(hits)), dash(int64(refreshed)), dash(int64(misses)),
			dash(int64(c["squall_cache_stale_total"])), dash(int64(c["squall_cache_coalesced_total"])), dash(int64(c["squall_cache_evicted_total"]))})
	}
	if rows == nil {
		return nil
	}
	return table("", 1, []string{"cache of", "hit ratio", "hits", "hits while refreshed", "misses", "stale on error", "coalesced", "evicted"}, rows)
}

// receipts show that each fault bit, and when it was on as measured.
func receipts(r *record.Result) node {
	seconds := func(s *float64) string {
		if s == nil {
			return "–"
		}
		return strconv.FormatFloat(*s, 'f', 2, 64) + " s"
	}
	coverage := func(r *record.Receipt) string {
		if r == nil || r.Coverage == nil {
			return "–"
		}
		return spell.Percent(*r.Coverage)
	}
	var rows [][]any
	for _, f := range r.Faults {
		met := f.Receipt.Text
		if !f.Receipt.Met {
			met = strings.TrimSuffix("nothing met it: "+met, ": ")
		}
		if f.Error != "" {
			met += "; " + f.Error
		}
		rows = append(rows, []any{f.Text, el("td", class("l"), f.On), el("td", class("l"), met), seconds(f.AppliedS), seconds(f.UndoneS),
			strconv.FormatFloat(f.ScheduledS, 'f', 2, 64) + " s", coverage(&f.Receipt)})
	}
	for _, a := range r.Actions {
		if a.Who == record.ByPlan {
			continue
		}
		met := "–"
		if a.Receipt != nil {
			met = a.Receipt.Text
		}
		rows = append(rows, []any{a.What + ", " + beside(a), el("td", class("l"), a.On), el("td", class("l"), met), seconds(&a.AtS), seconds(a.UndoneS), "–", coverage(a.Receipt)})
	}
	if rows == nil {
		return nil
	}
	return table("", 3, []string{"fault", "on", "what met it", "from", "to", "scheduled", "coverage"}, rows)
}
