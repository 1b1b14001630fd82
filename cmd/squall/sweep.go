package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report/sweep"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// sweepFlags are what `squall sweep` was asked for.
type sweepFlags struct {
	roundFlags
	answerFlags
	variant string
	sets    []string
	metrics []string
	in, of  string
}

func sweepCommand() *cobra.Command {
	var f sweepFlags
	c := &cobra.Command{
		Use:   "sweep FILE --set PATH=FROM..TO:COUNT",
		Short: "Run a scenario over a line or a grid of values, in virtual time: curves of what users got, and where they cross what is expected",
		Long: `Run a scenario in virtual time once a round for each of COUNT values from FROM to TO, both among them; with a second range, for each pair of values.

It draws success, p99 and goodput, and whatever else the scenario bounds: each as its expectations have it, with the limit and where the curve crosses that; of all
requests where there is none. --metric, --in and --of choose others. A plain --set PATH=VALUE changes the scenario in all runs.`,
		Example: `  squall sweep shop.yaml --set load.shoppers.rate=80/s..400/s:8
  squall sweep shop.yaml --set load.shoppers.rate=80/s..400/s:8 --set topology.api.replicas=1..3:3 --metric p99 --in steady`,
		Args: file,
		RunE: func(c *cobra.Command, args []string) error { return f.sweep(c.Context(), c, args[0]) },
	}
	registerSets(c, &f.sets)
	c.Flags().Lookup("set").Usage = "PATH=FROM..TO:COUNT is a range, one or two of them; PATH=VALUE changes the scenario in all runs"
	c.Flags().StringVar(&f.variant, "variant", "", "the variant to run (default: the scenario as it stands)")
	c.Flags().StringSliceVar(&f.metrics, "metric", nil, "the figures to draw, a,b (default: success, p99, goodput, and what the scenario bounds)")
	c.Flags().StringVar(&f.in, "in", "", "the phase that the figures are of (default: as the expectations have it, else the whole run)")
	c.Flags().StringVar(&f.of, "of", "", "the request or load that the figures are of (default: as the expectations have it, else all)")
	f.roundFlags.register(c, 5)
	f.answerFlags.register(c, "sweep")
	return c
}

func (f *sweepFlags) sweep(ctx context.Context, c *cobra.Command, file string) error {
	if err := errors.Join(f.roundFlags.check(), f.answerFlags.check()); err != nil {
		return usageOf(err)
	}
	var ranges []sweep.Range
	var fixed []string
	for _, set := range f.sets {
		r, is, err := sweep.Parse(set)
		switch {
		case err != nil:
			return usageOf(err)
		case is:
			ranges = append(ranges, r)
		default:
			fixed = append(fixed, set)
		}
	}
	if len(ranges) < 1 || len(ranges) > 2 {
		return usageOf(fmt.Errorf("%d ranges given, sweep takes one or two: --set load.users.rate=80/s..400/s:8", len(ranges)))
	}
	base, err := plan(ctx, file, f.variant, f.seed, fixed...)
	if err != nil {
		return err
	}
	s := &sweep.Sweep{Scenario: base.Scenario.Name, Set: fixed, Along: ranges[0]}
	if f.variant != "" {
		s.Scenario += " / " + f.variant
	}
	if len(ranges) == 2 {
		s.Across = &ranges[1]
	}
	for n := range uint64(f.rounds) {
		s.Seeds = append(s.Seeds, base.Seed+n)
	}
	asked, err := f.figures(base.Scenario)
	if err != nil {
		return usageOf(err)
	}
	rounds, err := f.lay(ctx, file, s, asked)
	if err != nil {
		return err
	}
	made, err := f.run(ctx, rounds, func(done int) string {
		if done%f.rounds != 0 {
			return ""
		}
		return fmt.Sprintf("%d of %d values", done/f.rounds, len(rounds)/f.rounds)
	})
	if err != nil {
		return err
	}
	fill(s, asked, made, len(base.Scenario.Expect) > 0)
	return f.tell(c, s.Answer(), s.Document())
}

// figures are those to be drawn: for each metric, all that expectations bound it in, else one of all.
func (f *sweepFlags) figures(s *scenarios.Scenario) (asked []asked, err error) {
	if f.in != "" && !slices.ContainsFunc(s.Phases, func(p *scenarios.Phase) bool { return p.Name == f.in }) {
		var names []string
		for _, p := range s.Phases {
			names = append(names, p.Name)
		}
		return nil, fmt.Errorf("--in %q: there is no such phase; there are %s", f.in, strings.Join(names, ", "))
	}
	metrics := []metric.Name{metric.Success, metric.P99, metric.Goodput}
	if len(f.metrics) > 0 {
		metrics = nil
		for _, name := range f.metrics {
			m, is := metric.Lookup(strings.TrimSpace(name))
			if !is {
				return nil, fmt.Errorf("--metric %q: there is no such metric; there are %s", name, strings.Join(metric.Names(), ", "))
			}
			metrics = append(metrics, m.Name)
		}
	} else {
		for _, e := range s.Expect {
			for _, b := range e.Bounds {
				if !slices.Contains(metrics, b.Metric) {
					metrics = append(metrics, b.Metric)
				}
			}
		}
	}
	for _, m := range metrics {
		asked = append(asked, f.ofMetric(s, m)...)
	}
	return asked, nil
}

// asked is a figure that is drawn, with what is expected of it.
type asked struct {
	about scenarios.Expectation
	of    metric.Name
	bound *scenarios.Bound
}

// ofMetric are the figures of one metric.
func (f *sweepFlags) ofMetric(s *scenarios.Scenario, m metric.Name) (out []asked) {
	for _, e := range s.Expect {
		if f.in != "" && e.In != f.in || f.of != "" && e.Of != f.of {
			continue
		}
		for _, b := range e.Bounds {
			if b.Metric == m {
				out = append(out, asked{scenarios.Expectation{In: e.In, Of: e.Of, LatencyOf: e.LatencyOf}, m, &b})
			}
		}
	}
	if len(out) == 0 {
		out = append(out, asked{scenarios.Expectation{In: f.in, Of: f.of}, m, nil})
	}
	return out
}

// name says what of whom and when.
func (a asked) name() string {
	of := a.about.Of
	if of == "" {
		of = "all"
	}
	name := string(a.of) + " of " + of
	if a.about.LatencyOf != "" {
		name += " (" + a.about.LatencyOf + ")"
	}
	if a.about.In != "" {
		return name + " in " + a.about.In
	}
	return name + " in the whole run"
}

// lay lays out every run: value after value, each in all rounds. Every value is read before the first is run.
func (f *sweepFlags) lay(ctx context.Context, file string, s *sweep.Sweep, asked []asked) ([]round, error) {
	var figures []wanted
	for _, a := range asked {
		figures = append(figures, wanted{a.about, a.of})
	}
	across := []sweep.Value{{}}
	if s.Across != nil {
		across = s.Across.Values
	}
	var rounds []round
	for _, second := range across {
		for _, first := range s.Along.Values {
			d := design{file: file, variant: f.variant, sets: append(slices.Clone(s.Set), s.Along.Path+"="+first.Text)}
			if s.Across != nil {
				d.sets = append(d.sets, s.Across.Path+"="+second.Text)
			}
			var err error
			if d.plan, err = plan(ctx, file, d.variant, f.seed, d.sets...); err != nil {
				return nil, err
			}
			if _, d.text, err = textOf(ctx, file); err != nil {
				return nil, err
			}
			for _, seed := range s.Seeds {
				r := d.round(seed)
				r.Wanted = figures
				rounds = append(rounds, r)
			}
		}
	}
	return rounds, nil
}

// fill gives a sweep what its runs came to, in the order in which they were laid out.
func fill(s *sweep.Sweep, asked []asked, made []roundMade, judged bool) {
	lines := 1
	if s.Across != nil {
		lines = len(s.Across.Values)
	}
	for n, a := range asked {
		c := &sweep.Curve{Name: a.name(), Metric: a.of}
		if a.bound != nil {
			c.Limit, c.Op = &a.bound.Value, a.bound.Op
		}
		for j := range lines {
			line := make([]sweep.Point, len(s.Along.Values))
			for i := range line {
				for r := range s.Seeds {
					line[i].Rounds = append(line[i].Rounds, made[(j*len(line)+i)*len(s.Seeds)+r].Values[n])
				}
			}
			c.Lines = append(c.Lines, line)
		}
		s.Curves = append(s.Curves, c)
	}
	if !judged {
		return
	}
	for j := range lines {
		passed := make([]int, len(s.Along.Values))
		for i := range passed {
			for r := range s.Seeds {
				if made[(j*len(passed)+i)*len(s.Seeds)+r].Result.Verdict == record.Pass {
					passed[i]++
				}
			}
		}
		s.Passed = append(s.Passed, passed)
	}
}
