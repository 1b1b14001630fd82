package topology

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// WriteText prints the plan for people: what is started, every edge, the phases, what load is to be
// expected, every primitive action with its time and its undo, and the warnings. Lines are
// at most 110 characters long.
func (p *Plan) WriteText(w io.Writer) error {
	t := &text{}
	p.writeTitle(t)
	p.writeNodes(t)
	p.writeImages(t)
	p.writeEdges(t)
	p.writePhases(t)
	p.writeLoads(t)
	p.writeActions(t)
	p.writeWarnings(t)
	_, err := w.Write(t.Bytes())
	return err
}

func (p *Plan) writeTitle(t *text) {
	s := p.Scenario
	title := s.Name
	if s.Variant != "" {
		title += ", variant " + s.Variant
	}
	t.line("%s", title)
	if s.About != "" {
		t.line("%s", s.About)
	}
	for _, p := range [][2]string{{"hypothesis", s.Hypothesis}, {"owner", s.Owner}, {"runbook", s.Runbook}} {
		if p[1] != "" {
			t.line("%s: %s", p[0], p[1])
		}
	}
	t.line("")
	parts := []string{
		count(len(s.Nodes), "node"), count(len(p.Instances), "instance"), count(len(p.Edges), "edge"),
		count(len(p.Phases), "phase") + " of " + p.Total.String() + " in all",
	}
	if warmUp := p.Scenario.WarmUpTime(); warmUp > 0 {
		parts = append(parts, "a warm-up of "+warmUp.String())
	}
	t.line("%s, seed %d", strings.Join(parts, ", "), p.Seed)
}

// writeNodes lists the nodes by the level at which they start.
func (p *Plan) writeNodes(t *text) {
	t.section("Topology", "what starts first comes first; a level waits until the one before it is healthy")
	rows := [][]string{{"level", "node", "kind", "replicas", "region", "zone", "calls"}}
	for _, i := range p.Instances {
		if i.Replica > 1 {
			continue
		}
		n := i.Node
		kind := string(n.Kind)
		if n.External != nil {
			kind += " (" + n.External.Address() + ")"
		}
		switch {
		case n.Local != nil && len(n.LocalWords()) > 0:
			kind += " (" + n.Image + ", or here " + n.LocalWords()[0] + ")"
			if n.OnlyLocal() {
				kind = string(n.Kind) + " (here " + n.LocalWords()[0] + ")"
			}
		case n.Image != "":
			kind += " (" + n.Image + ")"
		}
		rows = append(rows, []string{
			strconv.Itoa(i.Level), n.Name, kind, strconv.Itoa(replicas(n)), dash(n.Region), dash(strings.Join(n.EveryZone(), " ")), dash(p.calls(i.Name)),
		})
	}
	t.table(rows)
}

// calls are the nodes that an instance calls.
func (p *Plan) calls(instance string) string {
	var names []string
	for _, e := range p.EdgesFrom(instance) {
		if len(names) == 0 || names[len(names)-1] != e.ToNode {
			names = append(names, e.ToNode)
		}
	}
	return strings.Join(names, ", ")
}

func (p *Plan) writeEdges(t *text) {
	t.section("Edges", "a fault can be on each of them; the name is that of its toxiproxy proxy")
	rows := [][]string{{"edge", "from", "to", "base latency, each way"}}
	for _, e := range p.Edges {
		from := e.From
		if e.Client {
			from += " (load)"
		}
		rows = append(rows, []string{e.Name, from, e.To, latency(e)})
	}
	t.table(rows)
}

func latency(e Edge) string {
	switch {
	case e.Latency == 0 && e.Jitter == 0:
		return "-"
	case e.Jitter == 0:
		return e.Latency.String()
	default:
		return e.Latency.String() + " ±" + e.Jitter.String()
	}
}

func (p *Plan) writePhases(t *text) {
	t.section("Phases", "times count from the start of the first one")
	rows := [][]string{{"from", "until", "phase", "faults"}}
	if warmUp := p.Scenario.WarmUpTime(); warmUp > 0 {
		rows = append(rows, []string{"-" + warmUp.String(), "0s", "(warm-up, not counted)", "-"})
	}
	for i, span := range p.Phases {
		n := len(p.Scenario.Phases[i].Faults)
		name := span.Name
		if p.Scenario.Phases[i].Waits() {
			name += " (until go)"
		}
		rows = append(rows, []string{span.Start.String(), span.End.String(), name, dash(none(n))})
	}
	t.table(rows)
	for _, c := range p.Scenario.AbortWhen {
		t.line("  abort when %s", c.Text)
	}
	for _, c := range p.Scenario.PauseWhen {
		t.line("  pause when %s", c.Text)
	}
	if a := p.Scenario.Alerts; a != nil {
		t.line("  alerts are asked of %s every %s (process and docker engines)", a.Prometheus, a.Interval())
	}
	for _, h := range p.Scenario.Hooks {
		t.line("  hook %s, for %s at most (process and docker engines, with --allow-hooks)", h.String(), h.Bound())
	}
}

// writeLoads says what each load is expected to send, in each phase where that fits a line.
func (p *Plan) writeLoads(t *text) {
	t.section("Load", "requests to be expected in the phases")
	for _, l := range p.Scenario.Loads {
		t.line("  %s -> %s, %s%s", l.Name, l.To, model(l), p.total(l))
	}
	rows := p.loadRows(p.Phases)
	if wide(rows) {
		rows = p.loadRows(nil)
	}
	t.table(rows)
}

// loadRows is the table of requests, with a column for each of the phases and one for all of the run.
func (p *Plan) loadRows(phases []Span) [][]string {
	head := []string{"load", "request", "share"}
	for _, span := range phases {
		head = append(head, span.Name)
	}
	rows := [][]string{append(head, "all")}
	for _, l := range p.Scenario.Loads {
		sum := 0.0
		for _, r := range l.Requests {
			sum += weight(r)
		}
		for _, r := range l.Requests {
			share := weight(r) / sum
			row := []string{l.Name, r.Send, fmt.Sprintf("%.4g%%", 100*share)}
			for _, span := range phases {
				row = append(row, expected(l, share, span.Start, span.End))
			}
			rows = append(rows, append(row, expected(l, share, 0, p.Total)))
		}
	}
	return rows
}

// total is how much a load is expected to send in all, as the end of a sentence.
func (p *Plan) total(l *scenarios.Load) string {
	if _, known := Expected(l, 0, p.Total); !known {
		return "; how many requests depends on how fast they are answered"
	}
	text := "; " + expected(l, 1, 0, p.Total) + " requests"
	if warmUp := p.Scenario.WarmUpTime(); warmUp > 0 {
		text += " and " + expected(l, 1, -warmUp, 0) + " in the warm-up"
	}
	return text
}

func expected(l *scenarios.Load, share float64, from, until time.Duration) string {
	n, known := Expected(l, from, until)
	if !known {
		return "?"
	}
	return thousands(int64(n*share + 0.5))
}

func weight(r scenarios.Request) float64 {
	if r.Weight == 0 {
		return 1
	}
	return r.Weight
}

// model is how a load's requests come about, in words.
func model(l *scenarios.Load) string {
	think := ""
	if l.Think != nil {
		think = ", " + l.Think.Mean.String() + " of thought between requests"
	}
	if l.Users > 0 {
		return "closed: " + count(l.Users, "user") + think
	}
	if r := l.Replay; r != nil {
		return fmt.Sprintf("open: a recording of %s at %gx its speed", count(len(r.Requests), "request"), cmp.Or(float64(r.Speed), 1))
	}
	arrivals := l.Arrivals
	if arrivals == "" {
		arrivals = "constant"
	}
	var rates []string
	for _, s := range l.Shape() {
		switch {
		case s.For == 0:
			rates = append(rates, fmt.Sprintf("%g/s", s.To))
		case s.From == s.To:
			rates = append(rates, fmt.Sprintf("%g/s for %s", s.To, s.For))
		default:
			rates = append(rates, fmt.Sprintf("%g/s to %g/s in %s", s.From, s.To, s.For))
		}
	}
	if l.WarmUpFrom > 0 {
		rates = append([]string{fmt.Sprintf("%g/s to %g/s in the warm-up", l.WarmUpFrom, l.Shape()[0].From)}, rates...)
	}
	text := "open: " + arrivals + ", " + strings.Join(rates, ", then ")
	if l.Session != nil {
		text = fmt.Sprintf("partly open: sessions of %s%s; %s", count(l.Session.Length(), "request"), think, strings.TrimPrefix(text, "open: "))
	}
	return text
}

// writeActions lists every begin and end with its primitives.
func (p *Plan) writeActions(t *text) {
	t.section("Actions", "+ begins, - ends")
	if len(p.Schedule) == 0 {
		t.line("  none: nothing goes wrong in this scenario")
	}
	for _, e := range p.Schedule {
		f := p.Faults[e.Fault]
		sign := "-"
		if e.Begin {
			sign = "+"
		}
		t.line("  %8s  %s %s", e.At, sign, title(f))
		for _, primitive := range f.Primitives {
			action := primitive.Undo()
			if e.Begin {
				action = primitive.String()
			}
			t.line("              %s", action)
		}
	}
}

func (p *Plan) writeWarnings(t *text) {
	if len(p.Warnings) == 0 {
		return
	}
	t.section("Warnings", "")
	for _, warning := range p.Warnings {
		t.line("  ! %s", warning)
	}
}
