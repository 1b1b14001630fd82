package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/report/compare"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/source"
)

// compareFlags are what `squall compare` was asked for.
type compareFlags struct {
	engineFlags
	variants string
	rounds   int
	jobs     int
	seed     uint64
	sets     []string
	out      string
	quiet    bool
	tolerance
}

func compareCommand() *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "compare FILE",
		Short: "Compare designs, the variants of a scenario, in virtual time: what differs, by how much, at what cost, and what can't be told apart",
		Long: `Compare designs. Each variant is run once a round, all of a round with one seed, in virtual time on all processors. A round is one sample.

A figure differs where the paired differences of the rounds show it: turning their signs at random shows as much anywhere in the table in 5 % of the cases
at most (so comparing a design with itself calls anything different in 1 of 20 comparisons), and the paired bootstrap interval of its mean has no 0 in it.
With --variants all or one name, the scenario as it stands is what the others are compared to; else the first that is named.`,
		Example: `  squall compare examples/quickstart.yaml --variants all
  squall compare shop.yaml --variants breaker,hedge --rounds 40`,
		Args: file,
		RunE: func(c *cobra.Command, args []string) error { return f.compare(c.Context(), c, args[0]) },
	}
	c.Flags().StringVar(&f.variants, "variants", "all", "the variants to compare, a,b or all")
	c.Flags().IntVar(&f.rounds, "rounds", 20, "how many rounds, each with a seed of its own")
	c.Flags().IntVarP(&f.jobs, "jobs", "j", runtime.NumCPU(), "run so many at once")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "the seed of the first round (default: the scenario's, or 1)")
	c.Flags().StringVar(&f.out, "out", "", "keep the folders of all runs in this one (default: they are removed)")
	c.Flags().DurationVar(&f.hop, "virtual-hop", 0, "what a round trip over one edge costs of itself")
	c.Flags().DurationVar(&f.sync, "virtual-sync", 0, "what making a write durable costs")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	registerSets(c, &f.sets)
	registerTolerance(c, &f.tolerance)
	return c
}

func (f *compareFlags) compare(ctx context.Context, c *cobra.Command, file string) error {
	if f.rounds < 1 || f.jobs < 1 {
		return usageOf(errors.New("--rounds and --jobs need 1 or more"))
	}
	began := time.Now()
	jobs, err := f.plan(ctx, file)
	if err != nil {
		return err
	}
	results, err := f.run(ctx, jobs)
	if err != nil {
		return err
	}
	sides, err := compare.Sides(results...)
	if err != nil {
		return environment(err)
	}
	var others []*compare.Comparison
	code := report.ExitPass
	for _, s := range sides[1:] {
		one := compare.Paired(sides[0], s, float64(f.tolerance))
		if one.Untold != "" {
			code = report.ExitInconclusive
		}
		others = append(others, one)
	}
	if err := compare.Table(c.OutOrStdout(), sides, others); err != nil {
		return environment(err)
	}
	fmt.Fprintf(c.OutOrStdout(), " %d runs in %s\n\n", len(results), time.Since(began).Round(100*time.Millisecond))
	if code != report.ExitPass {
		return &exit{code: code}
	}
	return nil
}

// plan lays out every round of every design: a round's designs follow each other, so that what makes the machine slow is no design's.
func (f *compareFlags) plan(ctx context.Context, file string) ([]job, error) {
	as := runFlags{batchFlags: batchFlags{variants: f.variants, repeat: 1}, seed: f.seed, sets: f.sets}
	variants, err := as.variantsOf(ctx, file)
	if err != nil {
		return nil, err
	}
	if len(variants) == 1 && variants[0] != "" {
		variants = []string{"", variants[0]}
	}
	if len(variants) < 2 {
		return nil, source.Problems{{Position: source.Position{File: file, Line: 1, Column: 1}, What: "the scenario has no variant to compare it to", Fix: "add variants: {NAME: {...}}"}}
	}
	var designs []*planned
	for _, variant := range variants {
		p, err := plan(ctx, file, variant, f.seed, f.sets...)
		if err != nil {
			return nil, err
		}
		designs = append(designs, p)
	}
	var jobs []job
	for round := range uint64(f.rounds) {
		for i, p := range designs {
			each, err := lay(p.document, p.Seed+round)
			if err != nil {
				return nil, err
			}
			jobs = append(jobs, job{each, i})
		}
	}
	return jobs, nil
}

// run makes the runs and returns their records. One that was cut short ends it: half a round is none.
func (f *compareFlags) run(ctx context.Context, jobs []job) (results []*record.Result, err error) {
	in := f.out
	if in == "" {
		if in, err = os.MkdirTemp("", "squall-compare-"); err != nil {
			return nil, environment(err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(in)) }()
	}
	progress := progressing(f.quiet)
	err = inOrder(len(jobs), f.jobs, func(i int) (made, error) {
		p := jobs[i].plan
		m, err := child(ctx, in, f.engineFlags, p.document.File, p.Scenario.Variant, f.sets, false, f.out == "", p.Seed)
		if err == nil && m.result.Partial {
			err = &exit{code: report.ExitInterrupted}
		}
		if err == nil && f.out == "" {
			err = os.RemoveAll(filepath.Clean(m.folder))
		}
		return m, err
	}, func(i int, m made) error {
		results = append(results, m.result)
		if designs := 1 + jobs[len(jobs)-1].group; !f.quiet && (i+1)%designs == 0 {
			progress.Line(fmt.Sprintf("round %d of %d", (i+1)/designs, len(jobs)/designs))
		}
		return nil
	})
	return results, err
}
