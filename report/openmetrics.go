package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

var openMetricsFormat = Format{Name: "metrics", File: "metrics.txt", Render: func(w io.Writer, r *record.Result) error { return OpenMetrics(w, r) }}

// family is one metric of an OpenMetrics text: its samples stand together.
type family struct {
	name, unit, help string
	samples          []string
}

// OpenMetrics writes runs in OpenMetrics' text format, as GitLab's report of metrics takes it to compare a branch with its target. Labels say
// what is the same in the next run: no run's id, seed or time. What is unknown is absent, never 0.
func OpenMetrics(w io.Writer, runs ...*record.Result) error {
	b := bufio.NewWriter(w)
	for _, f := range familiesOf(runs) {
		if len(f.samples) == 0 {
			continue
		}
		fmt.Fprintf(b, "# TYPE %s gauge\n", f.name)
		if f.unit != "" {
			fmt.Fprintf(b, "# UNIT %s %s\n", f.name, f.unit)
		}
		fmt.Fprintf(b, "# HELP %s %s\n", f.name, f.help)
		for _, s := range f.samples {
			fmt.Fprintln(b, s)
		}
	}
	fmt.Fprintln(b, "# EOF")
	return b.Flush()
}

func familiesOf(runs []*record.Result) []*family {
	held := &family{name: "squall_expectation_held", help: "1 where an expectation held, 0 where it did not; absent where it can't be told."}
	verdict := &family{name: "squall_verdict", help: "1 for the run's verdict, 0 for the others."}
	ratio := &family{name: "squall_requests_ratio", unit: "ratio", help: "Share of a phase's requests by outcome."}
	goodput := &family{name: "squall_goodput", help: "Answers a second, ok and degraded."}
	latency := &family{name: "squall_answer_latency_seconds", unit: "seconds", help: "Latency of answers from their intended time, by quantile."}
	amplification := &family{name: "squall_amplification", help: "Attempts over an edge for each that no retry caused, the most of its instances."}
	recovery := &family{name: "squall_recovered_after_seconds", unit: "seconds", help: "From when a fault was gone until the steady state was back; absent where it was not."}
	writes := &family{name: "squall_writes", help: "Acknowledged writes, and those of them that were lost or duplicated."}
	for _, r := range runs {
		run := []string{"scenario", r.Scenario, "variant", r.Variant, "engine", r.Engine}
		for _, v := range []record.Verdict{record.Pass, record.Fail, record.Inconclusive} {
			verdict.add(oneIf(v == r.Verdict), run, "verdict", string(v))
		}
		for i, e := range r.Expectations {
			if e.Holds != nil {
				held.add(oneIf(*e.Holds), run, "expectation", e.Text, "number", strconv.Itoa(i+1))
			}
		}
		for _, p := range r.Phases {
			for _, q := range p.Requests {
				openMetricsOf(q, append(run[:len(run):len(run)], "phase", p.Name, "load", q.Load, "request", q.Request), ratio, goodput, latency)
			}
		}
		most, order := amplifications(r.Edges)
		for _, name := range order {
			amplification.add(most[name], run, "from", name[0], "to", name[1])
		}
		for i, f := range r.Faults {
			if f.RecoveredAfterS != nil {
				recovery.add(*f.RecoveredAfterS, run, "fault", f.Name, "on", f.On, "number", strconv.Itoa(i+1))
			}
		}
		if r.Writes.Checked {
			writes.add(float64(r.Writes.Acknowledged), run, "state", "acknowledged")
			writes.add(float64(r.Writes.Lost), run, "state", "lost")
			writes.add(float64(r.Writes.Duplicated), run, "state", "duplicated")
		}
	}
	return []*family{verdict, held, ratio, goodput, latency, amplification, recovery, writes}
}

func openMetricsOf(q record.Request, of []string, ratio, goodput, latency *family) {
	if q.Sent == 0 {
		return
	}
	share := func(n int64) float64 { return float64(n) / float64(q.Sent) }
	ratio.add(share(q.OK), of, "outcome", "ok")
	ratio.add(share(q.Degraded), of, "outcome", "degraded")
	ratio.add(share(q.Failed), of, "outcome", "failed")
	goodput.add(q.Goodput, of)
	summary, told := words.Answers(q)
	if !told {
		return
	}
	for _, m := range []metric.Name{metric.P50, metric.P90, metric.P99, metric.P999} {
		if ms, known := words.Known(summary, m); known {
			latency.add(ms/1000, of, "quantile", strconv.FormatFloat(m.Facts().Percentile/100, 'g', 6, 64))
		}
	}
}

// amplifications are the most of each pair of nodes, in the topology's order.
func amplifications(edges []record.Edge) (most map[[2]string]float64, order [][2]string) {
	most = map[[2]string]float64{}
	for _, e := range edges {
		if e.Attempts == 0 {
			continue
		}
		name := [2]string{e.From, e.To}
		if _, there := most[name]; !there {
			order = append(order, name)
		}
		most[name] = max(most[name], e.Amplification)
	}
	return most, order
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// openMetricsEscapes are what a label's value can't hold as it is.
var openMetricsEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// add adds a sample: labels are names and values in turn; empty ones are left out, as that is what they mean.
func (f *family) add(value float64, labels []string, more ...string) {
	var said []string
	all := append(labels[:len(labels):len(labels)], more...)
	for i := 0; i < len(all); i += 2 {
		if all[i+1] != "" {
			said = append(said, all[i]+`="`+openMetricsEscapes.Replace(all[i+1])+`"`)
		}
	}
	f.samples = append(f.samples, fmt.Sprintf("%s{%s} %s", f.name, strings.Join(said, ","), strconv.FormatFloat(value, 'g', -1, 64)))
}
