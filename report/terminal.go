package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/squallhq/squall/runner/record"
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
		writePhases, writeFaults, writeEdges, writeHonesty,
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
		name := phase.Name
		for _, q := range phase.Requests {
			if q.Sent == 0 {
				continue
			}
			g.add(name, q.Request, count(q.Sent), share(q.OK, q.Sent), share(q.Degraded, q.Sent),
				failures(q), fmt.Sprintf("%.1f/s", q.Goodput), milliseconds(q.LatencyMs.P50),
				milliseconds(q.LatencyMs.P99), milliseconds(q.LatencyMs.P999), milliseconds(q.LatencyMs.Max))
			name = ""
		}
	}
	if len(g.rows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return g.write(w)
}

func share(n, of int64) string {
	if n == 0 {
		return "-"
	}
	return percent(float64(n) / float64(of))
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
	return strings.TrimSpace(share(q.Failed, q.Sent) + " " + worst)
}

func writeFaults(w io.Writer, r *record.Result, p paint) error {
	if len(r.Faults) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	g := grid{left: 2, header: []string{"FAULT", "ON", "from", "to", "felt after", "recovered after", "what met it"}}
	for _, f := range r.Faults {
		g.add(f.Text, f.On, at(f.AppliedS), at(f.UndoneS), felt(f), recovered(f), f.Receipt.Text)
	}
	if err := g.write(w); err != nil {
		return err
	}
	for _, f := range r.Faults {
		if f.RecoveryUntold != "" {
			fmt.Fprintln(w, p.faint(fmt.Sprintf("%s on %s: unknown, as %s", f.Text, f.On, f.RecoveryUntold)))
		}
		if f.ToldWith != "" {
			fmt.Fprintln(w, p.faint(fmt.Sprintf("%s on %s can't be told apart from %s: what was felt is of both", f.Text, f.On, f.ToldWith)))
		}
	}
	return nil
}

func at(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f s", *s)
}

func felt(f record.Fault) string {
	switch {
	case f.DetectedAfterS == nil && f.RecoveryUntold != "":
		return "unknown"
	case f.DetectedAfterS == nil:
		return "not felt"
	}
	return Seconds(*f.DetectedAfterS)
}

func recovered(f record.Fault) string {
	switch {
	case f.Metastable:
		return "never: metastable"
	case f.UndoneS == nil:
		return "-"
	case f.RecoveryUntold != "":
		return "unknown"
	case f.RecoveredAfterS == nil:
		return "not by the end"
	}
	return Seconds(*f.RecoveredAfterS)
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
	fmt.Fprintf(w, "%s %.1f/s sent of %.1f/s intended, late by %s at p99 (%s at most), %s unsent, %s in flight at most\n",
		p.bold("Generator"), g.AchievedRate, g.IntendedRate, milliseconds(g.LagMs.P99), milliseconds(g.LagMs.Max), count(g.Unsent), count(g.MaxInFlight))
	switch {
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
