package page

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// verdicts are what a verdict says in words, beside its colour.
var verdicts = map[record.Verdict]string{record.Pass: "Pass", record.Fail: "Fail", record.Inconclusive: "Inconclusive"}

// head is the verdict and why, before everything else.
func head(r *record.Result) node {
	title := nodes{text(r.Scenario)}
	if r.Variant != "" {
		title = append(title, el("span", class("variant"), r.Variant))
	}
	said := verdicts[r.Verdict]
	if said == "" {
		said = string(r.Verdict)
	}
	look := "badge " + string(r.Verdict)
	header := el("header", el("p", class("top"), el("strong", class(look), said), el("span", class("meta"), r.Engine+" engine, seed "+strconv.FormatUint(r.Seed, 10)+
		", "+spell.Seconds(r.DurationS)+", "+r.Started.UTC().Format("2006-01-02 15:04")+" UTC")), el("h1", title))
	if len(r.Set) > 0 {
		header.children = append(header.children, el("p", class("meta"), "with "+strings.Join(r.Set, ", ")))
	}
	if r.About != "" {
		header.children = append(header.children, el("p", class("about"), r.About))
	}
	for _, p := range words.Particulars(r) {
		header.children = append(header.children, el("p", class("about"), el("b", p[0]+": "), linked(p[1])))
	}
	if r.Partial {
		why := "The run was cut short."
		if r.PartialWhy != "" {
			why = "The run was cut short: " + r.PartialWhy
		}
		header.children = append(header.children, el("p", class("warn"), why))
	}
	if len(r.Reasons) > 0 {
		list := el("ul", class("reasons"))
		for _, reason := range r.Reasons {
			list.children = append(list.children, el("li", withBounds(reason)))
		}
		header.children = append(header.children, list)
	}
	return header
}

// linked is a text, as a link where it is an address of the web.
func linked(words string) any {
	if !strings.HasPrefix(words, "https://") && !strings.HasPrefix(words, "http://") || strings.ContainsAny(words, " \t\n") {
		return words
	}
	return el("a", at("href", words), at("rel", "noreferrer"), words)
}

// withBounds keeps each bound and figure of a sentence on one line: >= 99%, < 800 ms.
func withBounds(reason string) string {
	words := strings.Split(reason, " ")
	var b strings.Builder
	for i, w := range words {
		b.WriteString(w)
		switch bound := strings.Trim(w, "<>=") == ""; {
		case i == len(words)-1:
		case bound, words[i+1] == "ms", words[i+1] == "s":
			b.WriteString("\u00a0")
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// effects are the faults in sentences: what each did to whom, and for how long.
func effects(b blast, spans []span, t *timeline) node {
	if len(spans) == 0 {
		return nil
	}
	box := el("div", class("effects"))
	for i, s := range spans {
		card := el("article", class("effect "+s.look()), el("h3", s.label()), el("p", class("when"), when(s, t)+overlapping(spans, i)))
		card.children = append(card.children, el("p", b.worst(i)))
		if s.fault != nil {
			card.children = append(card.children, el("p", aftermath(s.fault)))
		}
		box.children = append(box.children, card)
	}
	return box
}

func when(s span, t *timeline) string {
	if s.unfinished {
		return "from " + clock(s.from, t.end) + " to the end"
	}
	return clock(s.from, t.end) + " to " + clock(s.to, t.end) + ", for " + spell.Seconds(s.to-s.from)
}

func bad(f felt) float64    { return f.failed + f.cut }
func second(f felt) float64 { return f.degraded }

// name of a kind, with its load's where there are several: two may send the same.
func (b blast) name(of int) string {
	k := b.kinds[of]
	if slices.ContainsFunc(b.kinds, func(other kind) bool { return other.load != k.load }) {
		return k.load + ": " + k.request
	}
	return k.request
}

// worst says of a span which users felt it most.
func (b blast) worst(i int) nodes {
	var sum outcomes
	lost, degraded, slow := -1, -1, -1
	for k, f := range b.during[i] {
		sum.ok, sum.degraded, sum.failed, sum.cut, sum.sent = sum.ok+f.ok, sum.degraded+f.degraded, sum.failed+f.failed, sum.cut+f.cut, sum.sent+f.sent
		if f.total() == 0 {
			continue
		}
		part := func(of func(felt) float64, k int) float64 { return of(b.during[i][k]) / b.during[i][k].total() }
		if n := bad(f); n > 0 && (lost < 0 || part(bad, k) > part(bad, lost)) {
			lost = k
		}
		if f.degraded > 0 && (degraded < 0 || part(second, k) > part(second, degraded)) {
			degraded = k
		}
		if before := b.before[k].p99; !math.IsNaN(f.p99) && !math.IsNaN(before) && f.p99 > 2*before+5 &&
			(slow < 0 || f.p99 > b.during[i][slow].p99) {
			slow = k
		}
	}
	if sum.total() == 0 {
		return nodes{text("No request was due while it was on.")}
	}
	var out nodes
	say := func(share float64, what string, of int) {
		verb := what
		if what == "degraded" {
			verb = "were degraded"
		}
		out = append(out, el("b", class(what), spell.Percent(share)+" of requests "+verb))
		if len(b.kinds) > 1 {
			f := b.during[i][of]
			n := f.failed + f.cut
			if what == "degraded" {
				n = f.degraded
			}
			out = append(out, text(" (worst "+b.name(of)+": "+spell.Percent(n/f.total())+")"))
		}
		out = append(out, text(". "))
	}
	if lost >= 0 {
		say((sum.failed+sum.cut)/sum.total(), "failed", lost)
	}
	if degraded >= 0 {
		say(sum.degraded/sum.total(), "degraded", degraded)
	}
	if out == nil {
		how := "well"
		if slow >= 0 {
			how = "in the end"
		}
		out = append(out, text("All "+spell.Count(int64(sum.total()))+" requests were answered "+how+". "))
	}
	if slow >= 0 {
		out = append(out, text("p99 of "+b.name(slow)+" "+spell.Milliseconds(b.during[i][slow].p99)+", before "+
			spell.Milliseconds(b.before[slow].p99)+"."))
	}
	return out
}

// aftermath says when a fault was felt and how long its end took.
func aftermath(f *record.Fault) string {
	if f.RecoveryUntold != "" {
		return "When it was felt and when that was over can't be told: " + f.RecoveryUntold + "."
	}
	said := "Users never felt it"
	if f.DetectedAfterS != nil {
		if said = "Felt at once"; *f.DetectedAfterS >= 0.05 {
			said = "Felt after " + spell.Seconds(*f.DetectedAfterS)
		}
	}
	switch {
	case f.Metastable:
		said += "; goodput stayed down after it was gone (metastable)"
	case f.RecoveredAfterS != nil && *f.RecoveredAfterS == 0 && f.DetectedAfterS == nil:
	case f.RecoveredAfterS != nil && f.UndoneS == nil:
		said += "; recovered " + spell.Seconds(*f.RecoveredAfterS) + " after it came on"
	case f.RecoveredAfterS != nil && *f.RecoveredAfterS < 0.05:
		said += "; recovered as soon as it was gone"
	case f.RecoveredAfterS != nil:
		said += "; recovered " + spell.Seconds(*f.RecoveredAfterS) + " after it was gone"
	case f.DetectedAfterS != nil:
		said += "; not recovered by the end of the run"
	}
	said += "."
	if f.ToldWith != "" {
		said += " It can't be told apart from " + f.ToldWith + "."
	}
	return said
}

// promises are the expectations, judged.
func promises(r *record.Result) node {
	if len(r.Expectations) == 0 {
		return nil
	}
	var rows [][]any
	for _, e := range r.Expectations {
		look, said := "fail", "✗ did not hold"
		switch {
		case e.Holds == nil:
			look, said = "inconclusive", "? can't be told"
		case *e.Holds:
			look, said = "pass", "✓ held"
		}
		rows = append(rows, []any{el("td", class("l mark "+look), said), el("td", class("l"), withBounds(e.Text)), el("td", class("l"), withBounds(words.Measured(e)))})
	}
	return table("", 3, []string{"", "expected", "measured"}, rows)
}
