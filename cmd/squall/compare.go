package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/report/compare"
)

// compareFlags are what `squall compare` was asked for.
type compareFlags struct {
	designFlags
	roundFlags
	answerFlags
	tolerance
}

func compareCommand() *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "compare FILE... | RUN...",
		Short: "Compare designs in virtual time, or stored runs: what differs, by how much, at what cost, and what can't be told apart",
		Long: `Compare designs: the variants of a scenario, several scenarios, or a scenario with changes (--side). Each is run once a round, all of a round with one
seed, in virtual time on all processors. A round is one sample.

With the folders of stored runs, or folders of them (as run --repeat and compare --out leave them), nothing is run: runs of the same seed are a round.

A figure differs where the paired differences of the rounds show it: turning their signs at random shows as much anywhere in the table in 5 % of the cases
at most (so comparing a design with itself calls anything different in 1 of 20 comparisons), and the paired bootstrap interval of its mean has no 0 in it.
The first design is what the others are compared to: with --variants all, one name or --side, that is the scenario as it stands.`,
		Example: `  squall compare examples/quickstart.yaml --variants all
  squall compare shop.yaml --variants breaker,hedge --rounds 40 --out designs
  squall compare shop.yaml --side '2 shops: topology.shop.replicas=2' --side '3 shops: topology.shop.replicas=3'
  squall compare queue.yaml polling.yaml
  squall compare runs-before runs-after`,
		Args: filesOrRuns,
		RunE: func(c *cobra.Command, args []string) error { return f.compare(c.Context(), c, args) },
	}
	f.designFlags.register(c)
	f.roundFlags.register(c, 20)
	f.answerFlags.register(c, "compare")
	c.Flags().Lookup("out").Usage += ", and the folders of all runs"
	registerTolerance(c, &f.tolerance)
	return c
}

// filesOrRuns wants a scenario or a stored run at least.
func filesOrRuns(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("neither a scenario nor a run given; try: %s examples/quickstart.yaml", c.CommandPath())
	}
	return nil
}

func (f *compareFlags) compare(ctx context.Context, c *cobra.Command, args []string) error {
	if err := errors.Join(f.roundFlags.check(), f.answerFlags.check()); err != nil {
		return usageOf(err)
	}
	folders := 0
	for _, arg := range args {
		if info, err := os.Stat(arg); err == nil && info.IsDir() {
			folders++
		}
	}
	began := time.Now()
	var designs *compare.Designs
	var err error
	said := ""
	switch {
	case folders == 0:
		var runs int
		designs, runs, err = f.measured(ctx, args)
		said = fmt.Sprintf("%d runs in %s", runs, time.Since(began).Round(100*time.Millisecond))
	case folders < len(args):
		return usageOf(errors.New("scenarios and stored runs do not go together: name files, or the folders of runs"))
	default:
		designs, err = f.stored(c, args)
	}
	if err != nil {
		return err
	}
	if err := f.answerFlags.tell(c, designs.Answer(), designs.Document()); err != nil {
		return err
	}
	if f.format == "table" && said != "" {
		fmt.Fprintf(c.OutOrStdout(), " %s\n\n", said)
	}
	if designs.Untold != "" {
		return &exit{code: report.ExitInconclusive}
	}
	return nil
}

// measured runs the designs of files. An error in one round ends it: half a round is none.
func (f *compareFlags) measured(ctx context.Context, files []string) (*compare.Designs, int, error) {
	designs, err := f.plan(ctx, files)
	if err != nil {
		return nil, 0, err
	}
	var rounds []round
	for n := range uint64(f.rounds) {
		for _, d := range designs { // a round's designs follow each other: what makes the machine slow is no design's
			r := d.round(d.plan.Seed + n)
			r.Keep = f.out
			rounds = append(rounds, r)
		}
	}
	made, err := f.run(ctx, rounds, func(done int) string {
		if done%len(designs) != 0 {
			return ""
		}
		return fmt.Sprintf("round %d of %d", done/len(designs), f.rounds)
	})
	if err != nil {
		return nil, 0, err
	}
	var sides []*compare.Side
	for i, d := range designs {
		runs := resultsOf(made, i, len(designs))
		sides = append(sides, compare.NewSide(d.name, runs...))
	}
	return compare.Rounds(sides, float64(f.tolerance)), len(made), nil
}

// stored are the designs of runs that were made, paired by seed; nothing is run.
func (f *compareFlags) stored(c *cobra.Command, folders []string) (*compare.Designs, error) {
	for _, name := range []string{"variants", "variant", "set", "side", "rounds", "seed", "virtual-hop", "virtual-sync", "jobs"} {
		if c.Flags().Changed(name) {
			return nil, usageOf(fmt.Errorf("--%s is for scenarios: of stored runs nothing is run", name))
		}
	}
	var all []*compare.Side
	for _, folder := range folders {
		found, err := sides([]string{folder})
		if err != nil {
			return nil, usageOf(err)
		}
		changed := func(s *compare.Side) int { return min(len(s.Variant)+len(s.Set), 1) }
		slices.SortStableFunc(found, func(a, b *compare.Side) int { return cmp.Compare(changed(a), changed(b)) }) // as it stands comes first
		for _, s := range found {
			if len(folders) > 1 && len(found) == 1 {
				s.Call(filepath.Base(filepath.Clean(folder)))
			} else if len(folders) > 1 {
				s.Call(filepath.Base(filepath.Clean(folder)) + ": " + s.Name())
			}
		}
		all = append(all, found...)
	}
	if len(all) < 2 {
		return nil, usageOf(fmt.Errorf("%s holds runs of one design, %s; name another folder of runs, or run its variants into it", folders[0], all[0].Title()))
	}
	rounds, left := compare.BySeed(all)
	if len(rounds[0].Runs) == 0 {
		return nil, usageOf(errors.New("no seed was run by every design, and runs are paired by seed; run each with the same --seed and --repeat"))
	}
	designs := compare.Rounds(rounds, float64(f.tolerance))
	if left > 0 {
		designs.Notes = append(designs.Notes, fmt.Sprintf("%d runs are left out: not every design has one of their seed", left))
	}
	return designs, nil
}
