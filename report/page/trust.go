package page

import (
	"fmt"
	"strconv"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// honesty is why the figures can be believed, or not: the generator's own, the run's checks, what was read back.
func honesty(r *record.Result) node {
	g := r.Generator
	facts := [][2]string{
		{"sent", perSecond(g.AchievedRate) + " of " + perSecond(g.IntendedRate) + " intended"},
		{"late", spell.Milliseconds(g.LagMs.P99) + " at p99, " + spell.Milliseconds(g.LagMs.Max) + " at most"},
		{"unsent", spell.Count(g.Unsent) + " of " + spell.Count(g.Intended)},
		{"in flight", spell.Count(g.MaxInFlight) + " at most"},
	}
	if g.Unknown > 0 {
		facts = append(facts, [2]string{"unknown", spell.Plural(g.Unknown, "request") + " of which nobody knows what became"})
	}
	if g.Limited {
		facts = append(facts, [2]string{"limited", "a stated limit was hit"})
	}
	if g.RanOut != "" {
		facts = append(facts, [2]string{"ran out of", g.RanOut})
	}
	w := r.Writes
	switch {
	case w.Checked:
		facts = append(facts, [2]string{"writes", spell.Count(w.Acknowledged) + " acknowledged, " + spell.Count(w.Lost) + " lost, " + spell.Count(w.Duplicated) + " duplicated"})
		if w.Events > 0 {
			facts = append(facts, [2]string{"events", spell.Count(w.Events) + ", " + spell.Count(w.EventsLost) + " lost, " + spell.Count(w.EventsDuplicated) + " duplicated, " +
				spell.Count(w.EventsPending) + " still in an outbox"})
		}
	case w.Acknowledged > 0 || w.Why != "":
		facts = append(facts, [2]string{"writes", spell.Count(w.Acknowledged) + " acknowledged, not read back: " + w.Why})
	}
	for _, one := range w.Loads {
		facts = append(facts, [2]string{"writes of " + one.Load, words.Account(one)})
	}
	var rows [][]any
	for _, c := range r.Checks {
		look, said := "pass", "✓ holds"
		if !c.OK {
			look, said = "fail", "✗ does not hold"
		}
		rows = append(rows, []any{el("td", class("l mark "+look), said), el("td", class("l"), c.Name), el("td", class("l"), c.Text)})
	}
	return nodes{definitions(facts), generators(r.Generators), table("", 3, []string{"", "check", "found"}, rows)}
}

// generators are how each of several did; nothing where one drove alone.
func generators(all []record.GeneratorPart) node {
	if len(all) == 0 {
		return nodes{}
	}
	var rows [][]any
	for _, g := range all {
		cpus, drift := "unknown", "unknown"
		if g.CPUs != nil {
			cpus = fmt.Sprintf("%.2f", *g.CPUs)
		}
		if g.DriftMs != nil {
			drift = spell.Milliseconds(*g.DriftMs)
		}
		rows = append(rows, []any{
			g.Name, g.Ended, spell.Count(g.Sent), spell.Count(g.Unsent), spell.Count(g.Unknown), spell.Milliseconds(g.LagMs.P99), spell.Milliseconds(g.SilentMs),
			spell.Count(g.MaxInFlight), cpus, spell.Milliseconds(g.OffsetMs), drift, spell.Milliseconds(g.UncertaintyMs),
		})
	}
	return table("The generators that drove the load, each with its part of the requests", 2, []string{
		"", "ended", "sent", "unsent", "unknown", "late (p99)", "silent", "in flight", "cores", "clock ahead", "drift", "off by at most",
	}, rows)
}

// definitions are facts by their names.
func definitions(facts [][2]string) node {
	list := el("dl")
	for _, f := range facts {
		list.children = append(list.children, el("div", el("dt", f[0]), el("dd", f[1])))
	}
	return list
}

func environment(r *record.Result) node {
	facts := [][2]string{
		{"run", r.Run},
		{"started", r.Started.UTC().Format("2006-01-02 15:04:05 UTC")},
		{"engine", r.Engine},
		{"seed", strconv.FormatUint(r.Seed, 10)},
		{"host", r.Host.OS + "/" + r.Host.Arch + ", " + strconv.Itoa(r.Host.CPUs) + " CPUs"},
		{"squall", r.Host.Squall},
		{"CPU of the harness", strconv.FormatFloat(r.Host.HarnessCPUs, 'f', 2, 64) + " cores on average"},
	}
	if r.Why != "" {
		facts[2][1] += " (" + r.Why + ")"
	}
	out := nodes{definitions(facts)}
	if len(r.EngineNotes) > 0 {
		list := el("ul")
		for _, note := range r.EngineNotes {
			list.children = append(list.children, el("li", note))
		}
		out = append(out, list)
	}
	if r.Command != "" {
		out = append(out, el("p", "To run it again:"), el("pre", class("code"), r.Command))
	}
	return out
}

// mostEvents are listed.
const mostEvents = 400

// happened is the log of the run.
func happened(r *record.Result, t *timeline) node {
	var rows [][]any
	for i, e := range r.Events {
		if i == mostEvents {
			rows = append(rows, []any{el("td", class("n"), "…"), "", el("td", class("l"), spell.Count(int64(len(r.Events)-i))+" more in result.json")})
			break
		}
		rows = append(rows, eventRow(e))
	}
	if rows == nil {
		return nil
	}
	return table("", 0, []string{"at", "", ""}, rows)
}

func eventRow(e record.Event) []any {
	moment := strconv.FormatFloat(e.AtS, 'f', 2, 64)
	look := "l"
	if e.Kind == "action" || e.Kind == "said" || e.Kind == "mark" { // beside the plan
		look = "l beside-plan"
	}
	return []any{el("td", class("n"), el("a", at("href", "#t="+moment), moment+" s")), el("td", class(look), e.Kind), el("td", class("l"), e.Text)}
}
