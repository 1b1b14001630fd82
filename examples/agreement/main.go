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
killed container takes some 0.3 s to be started again, which virtual time does not charge. Verdicts, success and amplification are what to compare.`

func main() {
	squall := flag.String("squall", "bin/squall", "the program")
	a := flag.String("a", "virtual", "an engine")
	b := flag.String("b", "docker", "the engine to hold it against")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := write(ctx, os.Stdout, *squall, *a, *b, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "agreement:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, w io.Writer, squall, a, b string, files []string) error {
	costs, err := calibrate(ctx, squall, b)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "# How closely %s and %s agree\n\nWritten by `make agreement`. A row agrees where latencies are within %.0f %% or %.0f ms, success within %.1f points, amplification within %.2f and recovery within %.0f s (its resolution).\n\nThe virtual engine was given what this machine costs, as measured beforehand by a scenario of its own on the %s engine: %s a hop, %s a durable write.\n\n"+differ+"\n",
		a, b, 100*latencyShare, latencyMs, successPoints, amplified, recoverySecs, b, costs.hop, costs.sync)
	agree, rows := 0, 0
	for _, file := range files {
		s, err := language.LoadFile(file, "")
		if err != nil {
			return err
		}
		for _, variant := range append([]string{""}, s.Variants...) {
			x, err := shipped.Told(ctx, squall, a, file, variant, costs.flags(a)...)
			if err != nil {
				return err
			}
			y, err := shipped.Told(ctx, squall, b, file, variant)
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
