package terminal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// How much of a run is shown while it goes on.
const (
	liveRequests = 8
	liveEdges    = 3
)

// minute is the last minute of a request's good answers, a second each.
type minute struct {
	good [60]int64
	at   time.Duration // the second that the last of them is of
	seen int
}

// minutes are those of each load's requests.
type minutes map[[2]string]*minute

// take notes a second's good answers, once.
func (m minutes) take(q record.LiveRequest, second time.Duration) {
	key := [2]string{q.Load, q.Request}
	one := m[key]
	if one == nil {
		one = &minute{at: second - time.Second}
		m[key] = one
	}
	for ; one.at < second; one.at += time.Second {
		copy(one.good[:], one.good[1:])
		one.good[len(one.good)-1] = 0
		one.seen = min(one.seen+1, len(one.good))
	}
	one.good[len(one.good)-1] = q.OK + q.Degraded
}

// levels are the heights of a sparkline.
var levels = []rune("▁▂▃▄▅▆▇█")

// spark draws the seconds that there were, the newest last, up to so many: a full height is the most of them.
func (m *minute) spark(columns int) string {
	seconds := m.good[len(m.good)-min(m.seen, columns):]
	most := max(1, slices.Max(seconds))
	var b strings.Builder
	for _, n := range seconds {
		b.WriteRune(levels[int(n*int64(len(levels)-1)/most)])
	}
	return b.String()
}

// scene is what is seen of a run below its first line, in so many columns and lines at most.
func (g *Progress) scene(s record.Status, seen record.Scene, width, most int) []string {
	second := s.Elapsed.Truncate(time.Second)
	for _, q := range seen.Requests {
		g.minutes.take(q, second)
	}
	if width <= narrowest {
		return nil // a line that is broken by the terminal could not be taken away again
	}
	sheet := newSheet(View{Width: min(width-1, 160), Color: bool(g.paint)})
	if err := sheet.table(g.rows(seen.Requests)); err != nil {
		return nil // the first line stands; what can't be drawn is no reason to end a run
	}
	for _, line := range [][2]string{{"hot", hot(seen.Edges)}, {"open", open(seen.Breakers)}, {"queues", waiting(seen.Queues)}, {"faults", left(seen.Faults)}} {
		if line[1] != "" {
			sheet.say(line[0]+" ", sheet.bold, line[1], nil)
		}
	}
	lines := strings.Split(strings.Trim(sheet.b.String(), "\n"), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return nil
	}
	return lines[:max(0, min(len(lines), most))]
}

// rows are the requests of the last second; of many, those that fail the most.
func (g *Progress) rows(requests []record.LiveRequest) *grid {
	grid := &grid{columns: []column{
		{name: "REQUEST", text: true}, {name: "rate"}, {name: "ok"}, {name: "degraded", rank: 1},
		{name: "failed"}, {name: "p99"}, {name: "last minute", text: true, rank: 2},
	}}
	if len(requests) > liveRequests {
		requests = slices.Clone(requests)
		slices.SortStableFunc(requests, func(a, b record.LiveRequest) int { return cmp.Compare(b.Failed, a.Failed) })
		requests = requests[:liveRequests]
	}
	for _, q := range requests {
		shares := words.Shares(q.OK, q.Degraded, q.Failed)
		if shares == nil {
			shares = []string{words.None, words.None, words.None}
		}
		p99 := words.None
		switch n := q.OK + q.Degraded; {
		case n >= metric.P99.Facts().Needs():
			p99 = spell.Milliseconds(record.Milliseconds(q.P99))
		case n > 0: // of so few it is the slowest of them by another name
			p99 = "max " + spell.Milliseconds(record.Milliseconds(q.P99))
		}
		grid.add(q.Request, fmt.Sprintf("%d/s", q.Sent), shares[0], shares[1], shares[2], p99, g.minutes[[2]string{q.Load, q.Request}].spark(40))
	}
	return grid
}

// hot are the edges on which most goes wrong.
func hot(edges []record.LiveEdge) string {
	edges = slices.DeleteFunc(slices.Clone(edges), func(e record.LiveEdge) bool { return e.Failures+e.GaveUp <= 0 })
	slices.SortStableFunc(edges, func(a, b record.LiveEdge) int { return cmp.Compare(b.Failures+b.GaveUp, a.Failures+a.GaveUp) })
	var said []string
	for _, e := range edges[:min(liveEdges, len(edges))] {
		one := fmt.Sprintf("%s -> %s: %s failed", e.From, e.To, spell.Count(e.Failures))
		if e.GaveUp > 0 {
			one += fmt.Sprintf(", %s given up", spell.Count(e.GaveUp))
		}
		said = append(said, fmt.Sprintf("%s, %s begun", one, spell.Count(e.Attempts))) // what ends now may have begun before
	}
	return strings.Join(said, "; ")
}

func open(breakers []record.LiveBreakers) string {
	var said []string
	for _, b := range breakers {
		said = append(said, spell.Plural(int64(b.Open), "breaker")+" of "+b.Node)
	}
	return strings.Join(said, ", ")
}

func waiting(queues []record.LiveQueue) string {
	var said []string
	for _, q := range queues {
		one := fmt.Sprintf("%s -> %s: %s waiting", q.From, q.To, spell.Count(q.Waiting))
		if q.Waiting > 0 {
			one += ", the oldest for " + spell.Seconds(q.Oldest.Seconds())
		}
		said = append(said, one)
	}
	return strings.Join(said, "; ")
}

// left are the faults that are on, with the time that they have left.
func left(faults []record.LiveFault) string {
	var said []string
	for _, f := range faults {
		switch {
		case f.Stays:
			said = append(said, f.Text+", until the end")
		case f.Left <= 0:
			said = append(said, f.Text+", being taken off")
		default:
			said = append(said, fmt.Sprintf("%s, %.0f s left", f.Text, f.Left.Seconds()))
		}
	}
	return strings.Join(said, "; ")
}
