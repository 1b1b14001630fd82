package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

var terminalFormat = Format{
	Name:    "table",
	Render:  Terminal,
	Colored: func(w io.Writer, r *record.Result) error { return terminal(w, r, true) },
}

// Terminal writes the report that one screen shows: the verdict and why first, then phases, faults
// with recovery times, edges with amplification, and the harness's own honesty.
func Terminal(w io.Writer, r *record.Result) error { return terminal(w, r, false) }

func terminal(w io.Writer, r *record.Result, p paint) error {
	var b bytes.Buffer
	writeVerdict(&b, r, p)
	for _, section := range []func(io.Writer, *record.Result, paint) error{
		writeFindings, writePhases, writeFaults, writeEdges, writeDeliveries, writeCaches, writeHonesty,
	} {
		if err := section(&b, r, p); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	return indent(w, &b)
}

// indent gives every line a margin and takes the blanks off its end.
func indent(w io.Writer, r io.Reader) error {
	out := bufio.NewWriter(w)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), " ")
		if line != "" {
			line = " " + line
		}
		fmt.Fprintln(out, line)
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return out.Flush()
}

func writeVerdict(w io.Writer, r *record.Result, p paint) {
	name := r.Scenario
	if r.Variant != "" {
		name += " / " + r.Variant
	}
	fmt.Fprintf(w, "\n%s %s  %s\n", p.badge(r.Verdict), p.bold(name),
		p.faint(fmt.Sprintf("%s engine, seed %d, %s, run %s", r.Engine, r.Seed, Seconds(r.DurationS), r.Run)))
	if r.About != "" {
		fmt.Fprintln(w, p.faint(r.About))
	}
	fmt.Fprintln(w)
	if r.Verdict != record.Pass {
		for _, reason := range r.Reasons {
			fmt.Fprintln(w, p.bold("  "+reason))
		}
		fmt.Fprintln(w)
	}
	wide := 0
	for _, e := range r.Expectations {
		wide = max(wide, len([]rune(e.Text)))
	}
	for _, e := range r.Expectations {
		fmt.Fprintf(w, "%s %-*s  %s\n", mark(e.Holds, p), min(wide, 80), e.Text, p.faint(measured(e)))
	}
}

func measured(e record.Expectation) string {
	if e.Holds == nil && e.Why != "" {
		return e.Why
	}
	return e.Measured
}

func mark(holds *bool, p paint) string {
	switch {
	case holds == nil:
		return p.yellow("?")
	case *holds:
		return p.green("✓")
	}
	return p.red("✗")
}

func writePhases(w io.Writer, r *record.Result, p paint) error {
	g := grid{left: 2, header: []string{"PHASE", "REQUEST", "sent", "ok", "degraded", "failed", "goodput", "p50", "p99", "p99.9", "max"}}
	for _, phase := range r.Phases {
		name := phase.Name + touched(r, phase)
		for _, q := range phase.Requests {
			if q.Sent == 0 {
				continue
			}
			g.add(name, q.Request, count(q.Sent), portion(q.OK, q.Sent), portion(q.Degraded, q.Sent),
				failures(q), perSecond(q.Goodput), answered(q, metric.P50),
				answered(q, metric.P99), answered(q, metric.P999), answered(q, metric.Max))
			name = ""
		}
	}
	if len(g.rows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return g.write(w)
}

func portion(n, of int64) string {
	if n == 0 {
		return "-"
	}
	return percent(float64(n) / float64(of))
}

// touched says of a phase in which something was done beside the plan that it was.
func touched(r *record.Result, p record.Phase) string {
	for _, a := range r.Actions {
		if a.Who != record.ByPlan && a.AtS < p.EndS && (a.UndoneS == nil && a.AtS >= p.StartS || a.UndoneS != nil && *a.UndoneS > p.StartS) {
			return " (touched)"
		}
	}
	return ""
}

// answered is a figure of the latency of a request's answers, "-" where there were too few for it.
func answered(q record.Request, m metric.Name) string {
	l, told := summaryOf(q, "")
	if !told || l.Count < m.Facts().Needs() {
		return "-"
	}
	return milliseconds(latencies[m](l))
}

// failures is the share of failed requests and their most frequent class.
func failures(q record.Request) string {
	if q.Failed == 0 {
		return "-"
	}
	worst, most := "", int64(0)
	for class, n := range q.Errors {
		if n > most || n == most && class < worst {
			worst, most = class, n
		}
	}
	return strings.TrimSpace(portion(q.Failed, q.Sent) + " " + worst)
}

// shownEdges is how many edges are shown; the rest are counted in a line.
const shownEdges = 10

func writeEdges(w io.Writer, r *record.Result, p paint) error {
	edges := make([]record.Edge, 0, len(r.Edges))
	for _, e := range r.Edges {
		if e.Attempts > 0 || e.Connections > 0 || e.BytesUp+e.BytesDown > 0 {
			edges = append(edges, e)
		}
	}
	if len(edges) == 0 {
		return nil
	}
	// What went worst comes first; ties keep the topology's order.
	sort.SliceStable(edges, func(i, j int) bool {
		if edges[i].Amplification != edges[j].Amplification {
			return edges[i].Amplification > edges[j].Amplification
		}
		return edges[i].Failures > edges[j].Failures
	})
	g := grid{left: 1, header: []string{"EDGE", "attempts", "retries", "failures", "amplification", "connections", "up", "down"}}
	for _, e := range edges[:min(shownEdges, len(edges))] {
		g.add(e.FromInst+" -> "+e.ToInst, count(e.Attempts), dash(e.Retries), dash(e.Failures),
			fmt.Sprintf("%.2fx", e.Amplification), count(e.Connections), bytesOf(e.BytesUp), bytesOf(e.BytesDown))
	}
	fmt.Fprintln(w)
	if err := g.write(w); err != nil {
		return err
	}
	if rest := len(edges) - shownEdges; rest > 0 {
		fmt.Fprintln(w, p.faint(fmt.Sprintf("and %d more edges in result.json", rest)))
	}
	return nil
}

func dash(n int64) string {
	if n == 0 {
		return "-"
	}
	return count(n)
}

func writeHonesty(w io.Writer, r *record.Result, p paint) error {
	fmt.Fprintln(w)
	g := r.Generator
	fmt.Fprintf(w, "%s %s sent of %s intended, late by %s at p99 (%s at most), %s unsent, %s in flight at most\n",
		p.bold("Generator"), perSecond(g.AchievedRate), perSecond(g.IntendedRate), milliseconds(g.LagMs.P99), milliseconds(g.LagMs.Max), count(g.Unsent), count(g.MaxInFlight))
	for _, s := range g.Stalls {
		fmt.Fprintf(w, "%s the users of %s stood still for %s of their time (%s at most) and sent about %s requests fewer: "+
			"a closed load omits those, and no latency has them\n",
			p.bold("Stall"), s.Load, percent(s.TimeShare), Seconds(s.LongestS), count(s.NotSent))
	}
	switch {
	case r.Writes.Checked && r.Writes.Acknowledged+r.Writes.Duplicated == 0:
		fmt.Fprintf(w, "%s none acknowledged\n", p.bold("Writes"))
	case r.Writes.Checked:
		fmt.Fprintf(w, "%s %s acknowledged, %s lost, %s duplicated\n", p.bold("Writes"),
			count(r.Writes.Acknowledged), count(r.Writes.Lost), count(r.Writes.Duplicated))
	case r.Writes.Acknowledged > 0 || r.Writes.Why != "":
		fmt.Fprintf(w, "%s %s acknowledged, not read back: %s\n", p.bold("Writes"), count(r.Writes.Acknowledged), r.Writes.Why)
	}
	if r.Writes.Checked && r.Writes.Events > 0 {
		fmt.Fprintf(w, "%s %s, %s lost, %s duplicated, %s still in an outbox\n", p.bold("Events"),
			count(r.Writes.Events), count(r.Writes.EventsLost), count(r.Writes.EventsDuplicated), count(r.Writes.EventsPending))
	}
	var ok int
	for _, c := range r.Checks {
		if c.OK {
			ok++
		} else {
			fmt.Fprintf(w, "%s %s: %s\n", p.red("✗ check"), c.Name, c.Text)
		}
	}
	if len(r.Checks) > 0 {
		fmt.Fprintf(w, "%s %d of %d of the run's own checks hold\n", p.bold("Checks"), ok, len(r.Checks))
	}
	return nil
}
