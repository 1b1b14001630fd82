package page

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// Live draws a run that goes on, again and again, as the parts of its page: what has not changed since is not worked out again. It is for
// one caller at a time.
type Live struct {
	times   *known
	outline []record.Edge
}

// NewLive draws one run; outline are its edges, for the time until something was read of them.
func NewLive(outline []record.Edge) *Live { return &Live{times: newKnown(), outline: outline} }

// Part is a part of the page by its element's id: HTML, in which all that a run says is escaped; "" where there is nothing to show yet.
type Part struct{ ID, HTML string }

// LiveParts are the ids of all parts, in their order.
var LiveParts = []string{"topology", "waiting", "events", "time", "requests", "edges"}

// Style and Script are those of the report's page, with the rules for as many scenes as there can be.
func Style() string { return style + rulesOf(mostScenes+1) }

// Script draws again what "drawn" is told of as an event of the document.
func Script() string { return script }

// Draw draws what was measured until now, and what is to be seen at this moment.
func (l *Live) Draw(r *record.Result, now record.Scene) ([]Part, error) {
	if len(r.Edges) == 0 {
		return l.drawOutline(r), nil
	}
	spans := spansOf(r, r.DurationS)
	past, before := wholeSeconds(r, spans)
	t, err := readTimeline(past, l.times)
	if err != nil {
		return nil, fmt.Errorf("draw the run so far: %w", err)
	}
	data, several := &sheet{}, words.SeveralLoads(r)
	scenes, _ := scenesOf(r, t, spans)
	scenes[0].name = "so far"
	scenes = append([]scene{sceneNow(r, t, spans, now)}, scenes...)
	sections := []section{
		topologyIn(r, scenes, 0, spans),
		{id: "time", title: "Over time", content: overTime(past, t, before, data, several)},
		{id: "requests", title: "Requests by phase", content: someRequests(r, several)},
		{id: "edges", title: "Edges, queues and caches", content: someEdges(r)},
		{id: "waiting", title: "Waiting, and cut off, now", content: waiting(now)},
		{id: "events", title: "What happened", content: newest(r.Events)},
	}
	var out []Part
	for _, s := range sections {
		out = append(out, s.part())
	}
	return out, nil
}

// wholeSeconds is a run and what was wrong in it until the last second began: what is due in the present one is answered later, and would
// be drawn as a drop that there is none.
func wholeSeconds(r *record.Result, spans []span) (*record.Result, []span) {
	past := *r
	past.DurationS = math.Floor(r.DurationS)
	past.Phases = nil
	for _, p := range r.Phases {
		if p.StartS < past.DurationS {
			p.EndS = min(p.EndS, past.DurationS)
			past.Phases = append(past.Phases, p)
		}
	}
	var before []span
	for _, s := range spans {
		if s.from < past.DurationS {
			s.to = min(s.to, past.DurationS)
			before = append(before, s)
		}
	}
	return &past, before
}

// drawOutline draws a run of which nothing is measured yet, as in its warm-up: who calls whom.
func (l *Live) drawOutline(r *record.Result) []Part {
	plain := *r
	plain.Edges = l.outline
	nothing := newScene("before the first phase", 0, 0, plain.Edges, nil, nil)
	topology := topologyIn(&plain, []scene{nothing}, 0, nil)
	topology.about = "Who calls whom. What crosses the edges is counted from the first phase on."
	return []Part{topology.part(), section{id: "events", title: "What happened", content: newest(r.Events)}.part()}
}

// part is a section's content, "" where it has none.
func (s section) part() Part {
	if s.content == nil {
		return Part{ID: s.id}
	}
	var b bytes.Buffer
	s.draw().children.write(&b)
	return Part{s.id, b.String()}
}

// leastNow is the time that now is, s: the counters are read about once in it.
const leastNow = 0.9

// sceneNow is the topology by the last readings of the counters, under what is on.
func sceneNow(r *record.Result, t *timeline, spans []span, now record.Scene) scene {
	s := scene{name: "now", from: max(t.end-1, t.begin), to: t.end, pairs: map[[2]string]pair{}, users: map[string]outcomes{}}
	crossed := map[string]record.Crossing{}
	if n := len(r.Series); n > 1 {
		s.to = r.Series[n-1].AtS
		for i := n - 1; i > 0 && s.to-s.from < leastNow || i == n-1; i-- { // a phase's begin is read too, at any time
			s.from = r.Series[i-1].AtS
			for name, c := range r.Series[i].Edges {
				sum := crossed[name]
				sum.Attempts, sum.Requests = sum.Attempts+c.Attempts, sum.Requests+c.Requests
				sum.Failures, sum.GaveUp = sum.Failures+c.Failures, sum.GaveUp+c.GaveUp
				crossed[name] = sum
			}
		}
	}
	for _, q := range now.Requests {
		o := s.users[q.Load]
		o.sent, o.ok = o.sent+float64(q.Sent), o.ok+float64(q.OK)
		o.degraded, o.failed = o.degraded+float64(q.Degraded), o.failed+float64(q.Failed)
		s.users[q.Load] = o
	}
	for _, p := range pairsOf(r.Edges) {
		is := pair{from: p.from, to: p.to, edges: p.edges}
		for _, name := range p.edges {
			c := crossed[name]
			is.sum.Attempts += c.Attempts
			is.sum.Requests += c.Requests
			is.sum.Failures += c.Failures
			is.sum.GaveUp += c.GaveUp
		}
		is.sum.Attempts = max(is.sum.Attempts, is.sum.Failures+is.sum.GaveUp) // what failed may have begun before
		s.pairs[[2]string{p.from, p.to}] = is
	}
	for load, o := range s.users { // a load counts by its requests, not by its edges
		only := [2]string{}
		for key := range s.pairs {
			if key[0] == load && only[0] == "" {
				only = key
			} else if key[0] == load {
				only[1] = "" // there are several
			}
		}
		if p, is := s.pairs[only]; is {
			p.sum.Attempts, p.sum.Failures = int64(o.total()), int64(o.failed)
			s.pairs[only] = p
		}
	}
	s.spans = slices.DeleteFunc(slices.Clone(spans), func(s span) bool { return !s.unfinished })
	return s
}

func someRequests(r *record.Result, several bool) node {
	if !slices.ContainsFunc(r.Phases, func(p record.Phase) bool { return len(p.Requests) > 0 }) {
		return nil
	}
	return requests(r, several)
}

func someEdges(r *record.Result) node {
	if len(r.Edges) == 0 {
		return nil
	}
	return nodes{edges(pairsOf(r.Edges)), orNone(deliveries(r)), orNone(caches(r))}
}

// waiting is what waits in queues at this moment, and whose circuit breakers are open.
func waiting(now record.Scene) node {
	var rows [][]any
	for _, q := range now.Queues {
		waits, oldest := "none waiting", "–"
		if q.Waiting > 0 {
			waits = spell.Count(q.Waiting) + " waiting"
			oldest = spell.Seconds(q.Oldest.Round(time.Millisecond).Seconds())
		}
		rows = append(rows, []any{q.From + " → " + q.To, waits, oldest})
	}
	for _, b := range now.Breakers {
		look, said := "n", "none open"
		if b.Open > 0 {
			look, said = "n loss-3", spell.Count(int64(b.Open))+" open"
		}
		rows = append(rows, []any{b.Node + ", circuit breakers", el("td", class(look), said), ""})
	}
	if rows == nil {
		return nil
	}
	return table("", 1, []string{"queue, stream or caller", "", "oldest"}, rows)
}

// newest are the last of a run's events, the newest first.
func newest(events []record.Event) node {
	const shown = 100
	var rows [][]any
	for _, e := range slices.Backward(events) {
		if len(rows) == shown {
			rows = append(rows, []any{el("td", class("n"), "…"), "", el("td", class("l"), spell.Count(int64(len(events)-shown))+" before")})
			break
		}
		rows = append(rows, eventRow(e))
	}
	if rows == nil {
		return nil
	}
	return el("div", class("log"), table("", 0, []string{"at", "", ""}, rows))
}
