package page

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner/record"
)

// mostHops bounds the rows that all traces of a page have together, and deepest how far rows are set in.
const (
	mostHops = 500
	deepest  = 8
)

// hops are the requests that were kept, by phase: each a row for every hop, over the time from when it was to be sent.
func hops(r *record.Result) node {
	shown := shownTraces(r.Traced)
	if len(shown) == 0 {
		return nil
	}
	out := nodes{hatch(), el("p", class("lead"), tracesLead(r, len(shown)))}
	phase := ""
	for _, t := range shown {
		if t.Phase != phase {
			phase = t.Phase
			out = append(out, el("h3", phase))
		}
		out = append(out, hopsOf(t))
	}
	return out
}

// shownTraces are as many as there is room for: of each phase and request the first ones before the second.
func shownTraces(all []record.Trace) []record.Trace {
	type cell struct{ phase, load, request, chosen string }
	turn, nth := make([]int, len(all)), map[cell]int{}
	order := make([]int, len(all))
	for i, t := range all {
		c := cell{t.Phase, t.Load, t.Request, t.Chosen}
		turn[i], order[i] = nth[c], i
		nth[c]++
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(turn[a], turn[b]) })
	rows, kept := 0, []int{}
	for _, i := range order {
		if rows += len(all[i].Spans) + 1; rows > mostHops {
			break
		}
		kept = append(kept, i)
	}
	slices.Sort(kept)
	out := make([]record.Trace, len(kept))
	for n, i := range kept {
		out[n] = all[i]
	}
	return out
}

func tracesLead(r *record.Result, shown int) string {
	said := "The slowest answers and the failures of each phase and request. Hatched is waiting: for a worker, for leave, for a connection."
	if more := len(r.Traced) - shown; more > 0 {
		said += " " + strconv.Itoa(more) + " more are in traces.jsonl."
	}
	if s := r.Traces; s != nil {
		if s.Incomplete > 0 {
			said += " Of " + strconv.Itoa(s.Incomplete) + " some instance did not tell all."
		}
		if s.UncertaintyMs > 0 {
			said += " Instances noted their times within " + spell.Milliseconds(s.UncertaintyMs) + " of each other."
		}
	}
	return said
}

func hopsOf(t record.Trace) node {
	whole := t.LatencyMs
	for _, s := range t.Spans {
		whole = math.Max(whole, endOf(s, t))
	}
	list := el("ol", class("hops"))
	sent := "sent " + spell.Milliseconds(t.SentMs) + " late, "
	if t.SentMs < 0.5 {
		sent = ""
	}
	list.children = append(list.children, hop(0, t.Load, t.Request, outcomeClass(string(t.Outcome)),
		barOf(0, t.SentMs, t.LatencyMs, whole, outcomeClass(string(t.Outcome))), sent+spell.Milliseconds(t.LatencyMs)+", "+outcomeOf(t)))
	depth := map[int]int{}
	for _, s := range t.Spans {
		depth[s.ID] = min(depth[s.Parent]+1, deepest)
		end := endOf(s, t)
		waited := end - s.StartMs
		if s.WaitedMs != nil {
			waited = *s.WaitedMs
		}
		look := outcomeClass(s.Class)
		list.children = append(list.children, hop(depth[s.ID], nameOfHop(s), aboutHop(s), look, barOf(s.StartMs, waited, end, whole, look), endingOf(s, end)))
	}
	foot := nodes{}
	if len(t.Incomplete) > 0 {
		foot = append(foot, el("p", class("warn"), "Not all is known of what these did: "+join(t.Incomplete)))
	}
	if t.LeftOut > 0 {
		foot = append(foot, el("p", strconv.Itoa(t.LeftOut)+" further spans are left out."))
	}
	return el("details", class("trace"), el("summary", el("b", class(outcomeClass(string(t.Outcome))), t.Chosen+": "+spell.Milliseconds(t.LatencyMs)+", "+outcomeOf(t)), " "+t.Request+" at "+spell.Seconds(t.IntendedS)+slowestPart(t)),
		list, foot, el("p", el("small", "trace "+t.ID+", "+t.Load+"-"+strconv.FormatUint(t.Seq, 10)+met(t))))
}

func met(t record.Trace) string {
	if len(t.Faults) == 0 {
		return ""
	}
	return "; on where it went: " + join(t.Faults)
}

// endOf is a span's end, or the request's where it had none.
func endOf(s record.TraceSpan, t record.Trace) float64 {
	if s.EndMs != nil {
		return *s.EndMs
	}
	return math.Max(t.LatencyMs, s.StartMs)
}

func outcomeOf(t record.Trace) string {
	if t.Outcome == record.Failed {
		return "failed: " + t.Error
	}
	return string(t.Outcome)
}

// outcomeClass is how an outcome looks.
func outcomeClass(of string) string {
	switch of {
	case "ok", "declined":
		return "ok"
	case "degraded", "partial":
		return "degraded"
	case "failed", "refused":
		return "failed"
	}
	return "cut"
}

func nameOfHop(s record.TraceSpan) string {
	if s.Kind != "attempt" {
		return s.Instance
	}
	name := "→ " + s.To
	if s.Number > 1 {
		name += ", attempt " + strconv.Itoa(s.Number)
	}
	if s.Hedge {
		name += ", hedge"
	}
	return name
}

func aboutHop(s record.TraceSpan) string {
	if s.Aside {
		return strings.TrimSpace(s.What + " (nobody waited for it)")
	}
	return s.What
}

func endingOf(s record.TraceSpan, end float64) string {
	if s.EndMs == nil {
		return "had not ended"
	}
	said := spell.Milliseconds(end-s.StartMs) + ", " + s.Class
	if s.Why != "" {
		said += ": " + s.Why
	}
	return said
}

func hop(depth int, name, about, look string, bar node, said string) node {
	return el("li", el("span", class("hop in-"+strconv.Itoa(depth)), name, el("small", about)), bar, el("span", class("end "+look), said))
}

// barOf is a bar over the whole of a request, the part that was waited hatched.
func barOf(start, waited, end, whole float64, look string) node {
	part := func(ms float64) string {
		return short(100*math.Max(ms, 0)/math.Max(whole, 1e-9)) + "%"
	}
	least := whole / 400 // what is too short to be seen is drawn as long as that
	start = math.Min(start, whole-least)
	bar := el("svg", class("took"), at("width", "100%"), at("height", "14"), at("aria-hidden", "true"),
		el("rect", class("area "+look), at("x", part(start)), at("y", "3"), at("width", part(math.Max(end-start, least))), at("height", "8")))
	if waited > least {
		bar.children = append(bar.children, el("rect", class("waited"), at("fill", "url(#waited)"), at("x", part(start)), at("y", "3"), at("width", part(waited)), at("height", "8")))
	}
	return bar
}

// hatch is the pattern of what was waited.
func hatch() node {
	return el("svg", class("hatch"), at("width", "0"), at("height", "0"), at("aria-hidden", "true"), el("defs",
		el("pattern", at("id", "waited"), at("width", "5"), at("height", "5"), at("patternUnits", "userSpaceOnUse"), at("patternTransform", "rotate(45)"),
			el("rect", class("gap"), at("width", "5"), at("height", "5")), el("rect", class("stroke"), at("width", "2"), at("height", "5")))))
}

// slowestPart says where most of the time went: the hop whose own time, that of its children aside, is the longest.
func slowestPart(t record.Trace) string {
	own, most, at := 0.0, 0.0, -1
	for i, s := range t.Spans {
		if s.Aside || s.EndMs == nil {
			continue
		}
		own = *s.EndMs - s.StartMs - covered(t.Spans, s)
		if own > most {
			most, at = own, i
		}
	}
	if at < 0 || most < t.LatencyMs/10 {
		return ""
	}
	s := t.Spans[at]
	if s.Kind == "attempt" {
		return ", " + spell.Milliseconds(most) + " of it between " + s.Instance + " and " + s.To
	}
	return ", " + spell.Milliseconds(most) + " of it within " + s.Instance
}

// covered is how much of a span's time some child of it was under way.
func covered(spans []record.TraceSpan, of record.TraceSpan) float64 {
	sum, until := 0.0, of.StartMs
	for _, s := range spans { // by their begin
		if s.Parent != of.ID {
			continue
		}
		end := *of.EndMs
		if s.EndMs != nil {
			end = math.Min(end, *s.EndMs)
		}
		if from := math.Max(until, s.StartMs); end > from {
			sum += end - from
			until = end
		}
	}
	return sum
}
