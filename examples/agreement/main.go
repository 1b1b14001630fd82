// Command agreement runs every example on two engines and writes how closely their figures agree, as
// the Markdown table that examples/AGREEMENT.md holds. `make agreement` calls it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strings"

	"github.com/squallhq/squall/internal/shipped"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

// The agreement that is asked for: the greater of the two for latencies, and points of success.
const (
	latencyShare  = 0.05
	latencyMs     = 1.0
	successPoints = 0.5
	amplified     = 0.05
	recoverySecs  = 1.0
)

// differ says why rows do not agree, as far as is known.
const differ = `Where rows do not agree it is the machine, not the architecture: a request that crosses five or more edges comes out 1 to 2 ms later at
the median than one hop's cost times its hops, p99 of real runs holds the scheduling of a shared machine with two cores, and a
killed container takes some 0.3 to 0.6 s to be started again, which virtual time does not charge. Verdicts, success and amplification are what to compare.`

// differInPods says so of pods.
const differInPods = `Both run the same nodes and the same mesh on the same two cores. In the cluster these also run an API server, etcd, a scheduler and controllers, and on each of two nodes
a kubelet, containerd and kube-proxy; each pod has a mesh of its own where docker has one for all, and its load comes from a pod. Verdicts, success and amplification are what to compare.`

func main() {
	squall := flag.String("squall", "bin/squall", "the program")
	a := flag.String("a", "virtual", "an engine")
	b := flag.String("b", "docker", "the engine to hold it against")
	with := flag.String("with", "", "flags for runs on kubernetes: --kubeconfig FILE --namespace NAME --image REF")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	c := comparison{squall: *squall, a: *a, b: *b, cluster: strings.Fields(*with)}
	if err := c.write(ctx, os.Stdout, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "agreement:", err)
		os.Exit(1)
	}
}

// comparison is of two engines.
type comparison struct {
	squall, a, b string
	cluster      []string // what a run in a cluster has to be told
	costs        costs
}

// flags are those of a run on one of its engines.
func (c *comparison) flags(engine string) []string {
	if engine == "kubernetes" {
		return c.cluster
	}
	return c.costs.flags(engine)
}

// head says what is compared, and what the virtual engine was given where it is one of them.
func (c *comparison) head(ctx context.Context, w io.Writer) (err error) {
	target, why := "agreement", differ
	if c.b == "kubernetes" {
		target, why = "agreement-kubernetes", differInPods
	}
	fmt.Fprintf(w, "# How closely %s and %s agree\n\nWritten by `make %s`. A row agrees where latencies are within %.0f %% or %.0f ms, success within %.1f points, amplification within %.2f and recovery within %.0f s (its resolution).\n\n",
		c.a, c.b, target, 100*latencyShare, latencyMs, successPoints, amplified, recoverySecs)
	if c.a == "virtual" {
		if c.costs, err = calibrate(ctx, c.squall, c.b, c.flags(c.b)...); err != nil {
			return err
		}
		fmt.Fprintf(w, "The virtual engine was given what this machine costs, as measured beforehand by a scenario of its own on the %s engine: %s a hop, %s a durable write.\n\n", c.b, c.costs.hop, c.costs.sync)
	}
	fmt.Fprintln(w, why)
	return nil
}

func (c *comparison) write(ctx context.Context, w io.Writer, files []string) error {
	if err := c.head(ctx, w); err != nil {
		return err
	}
	agree, rows := 0, 0
	for _, file := range files {
		s, err := language.LoadFile(file, "")
		if err != nil {
			return err
		}
		for _, variant := range append([]string{""}, s.Variants...) {
			x, err := shipped.Told(ctx, c.squall, c.a, file, variant, c.flags(c.a)...)
			if err != nil {
				return err
			}
			y, err := shipped.Told(ctx, c.squall, c.b, file, variant, c.flags(c.b)...)
			if err != nil {
				return err
			}
			n, of := compare(w, x, y)
			agree, rows = agree+n, rows+of
		}
	}
	fmt.Fprintf(w, "\n%d of %d figures agree.\n", agree, rows)
	return nil
}

// compare writes one run's table and counts the figures that agree.
func compare(w io.Writer, a, b *record.Result) (agree, rows int) {
	title := a.Scenario
	if a.Variant != "" {
		title += " / " + a.Variant
	}
	fmt.Fprintf(w, "\n## %s\n\nVerdict: %s on %s, %s on %s. The %s run's generator was late by %.1f ms at p99.\n\n",
		title, a.Verdict, a.Engine, b.Verdict, b.Engine, b.Engine, b.Generator.LagMs.P99)
	fmt.Fprintf(w, "| figure | %s | %s | agrees |\n|---|--:|--:|---|\n", a.Engine, b.Engine)
	row := func(figure, format string, x, y float64, ok bool) {
		rows++
		word := "no"
		if ok {
			agree++
			word = "yes"
		}
		fmt.Fprintf(w, "| %s | "+format+" | "+format+" | %s |\n", figure, x, y, word)
	}
	latency := func(figure string, x, y float64) {
		row(figure, "%.1f ms", x, y, math.Abs(x-y) <= max(latencyMs, latencyShare*y))
	}
	for i, p := range a.Phases {
		for j, q := range p.Requests {
			other := b.Phases[i].Requests[j]
			name := p.Name + ", " + strings.ReplaceAll(q.Request, "|", `\|`)
			latency(name+": p50", q.LatencyMs.P50, other.LatencyMs.P50)
			latency(name+": p99", q.LatencyMs.P99, other.LatencyMs.P99)
			x, y := success(q), success(other)
			row(name+": success", "%.2f %%", x, y, math.Abs(x-y) <= successPoints)
		}
	}
	for i, e := range a.Edges {
		if f := b.Edges[i]; e.Amplification > 1.005 || f.Amplification > 1.005 {
			row("amplification of "+e.Name, "%.2fx", e.Amplification, f.Amplification, math.Abs(e.Amplification-f.Amplification) <= amplified)
		}
	}
	for i, f := range a.Faults {
		x, y := recovery(f), recovery(b.Faults[i])
		row("recovery after "+f.Text+" on "+f.On, "%.1f s", x, y, math.Abs(x-y) <= recoverySecs || math.IsInf(x, 1) && math.IsInf(y, 1))
	}
	return agree, rows
}

func success(q record.Request) float64 {
	if q.Sent == 0 {
		return 100
	}
	return 100 * float64(q.OK+q.Degraded) / float64(q.Sent)
}

// recovery is in seconds, infinite where the run did not see it.
func recovery(f record.Fault) float64 {
	if f.RecoveredAfterS == nil {
		return math.Inf(1)
	}
	return *f.RecoveredAfterS
}
