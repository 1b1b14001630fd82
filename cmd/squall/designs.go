package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/source"
)

// designFlags say which designs of a scenario are compared.
type designFlags struct {
	variants, variant string
	sets, sides       []string
}

func (f *designFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.variants, "variants", "", "the variants to compare, a,b or all (default: all, where neither --side nor a second file is given)")
	c.Flags().StringVar(&f.variant, "variant", "", "the variant that --side changes (default: the scenario as it stands)")
	c.Flags().StringArrayVar(&f.sides, "side", nil, "a design of its own: 'NAME: PATH=VALUE' is the scenario with that change; the same NAME again changes more of it")
	_ = c.RegisterFlagCompletionFunc("side", func(c *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		name, path, named := strings.Cut(begun, ":")
		if !named { // how a design is called is its user's to say
			return nil, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		return settable(c, args, name+": ", strings.TrimLeft(path, " "))
	})
	registerSets(c, &f.sets)
	c.Flags().Lookup("set").Usage = "change the scenario in every design: PATH=VALUE; may be given several times"
}

// design is one of those that are compared.
type design struct {
	name, file, variant string
	sets                []string
	plan                *planned
	text                []byte
}

// round is a run of a design.
func (d *design) round(seed uint64) round {
	return round{File: d.plan.document.File, Text: d.text, Variant: d.variant, Sets: d.sets, Seed: seed}
}

// plan reads every design, so that a mistake in the last one costs nobody a run.
func (f *compareFlags) plan(ctx context.Context, files []string) ([]*design, error) {
	if f.variants != "" && f.variant != "" {
		return nil, usageOf(errors.New("--variant and --variants do not go together; --variant is what --side changes"))
	}
	if len(f.sides) > 0 && len(files) > 1 {
		return nil, usageOf(errors.New("--side changes one scenario; give one file"))
	}
	var designs []*design
	for _, file := range files {
		variants, err := f.variantsOf(ctx, file, len(files) > 1)
		if err != nil {
			return nil, err
		}
		for _, variant := range variants {
			designs = append(designs, &design{file: file, variant: variant, sets: f.sets})
		}
	}
	changed, err := f.changed(files[0])
	if err != nil {
		return nil, usageOf(err)
	}
	designs = append(designs, changed...)
	if len(designs) < 2 {
		return nil, source.Problems{{Position: source.Position{File: files[0], Line: 1, Column: 1}, What: "the scenario has no variant to compare it to",
			Fix: "add variants: {NAME: {...}}, or give --side 'NAME: PATH=VALUE'"}}
	}
	for _, d := range designs {
		if d.plan, err = plan(ctx, d.file, d.variant, f.seed, d.sets...); err != nil {
			return nil, err
		}
		if _, d.text, err = textOf(ctx, d.file); err != nil {
			return nil, err
		}
	}
	call(designs)
	return designs, nil
}

// variantsOf are a file's variants that are compared, "" for the scenario as it stands.
func (f *compareFlags) variantsOf(ctx context.Context, file string, several bool) ([]string, error) {
	switch {
	case f.variants == "" && (several || len(f.sides) > 0):
		return []string{f.variant}, nil
	case f.variants == "" && f.variant != "":
		return []string{"", f.variant}, nil
	}
	wanted := f.variants
	if wanted == "" {
		wanted = "all"
	}
	as := runFlags{batchFlags: batchFlags{variants: wanted, repeat: 1}, seed: f.seed, sets: f.sets}
	variants, err := as.variantsOf(ctx, file)
	if err == nil && len(variants) == 1 && variants[0] != "" {
		variants = []string{"", variants[0]}
	}
	return variants, err
}

// changed are the designs that --side makes, in the order of their names' first.
func (f *compareFlags) changed(file string) (designs []*design, err error) {
	for _, side := range f.sides {
		name, set, is := strings.Cut(side, ":")
		name, set = strings.TrimSpace(name), strings.TrimSpace(set)
		if !is || name == "" || !strings.Contains(set, "=") || strings.Contains(name, "=") {
			return nil, fmt.Errorf("--side %q: write 'NAME: PATH=VALUE', as in 'two: topology.shop.replicas=2'", side)
		}
		i := slices.IndexFunc(designs, func(d *design) bool { return d.name == name })
		if i < 0 {
			i = len(designs)
			designs = append(designs, &design{name: name, file: file, variant: f.variant, sets: slices.Clone(f.sets)})
		}
		designs[i].sets = append(designs[i].sets, set)
	}
	return designs, nil
}

// call gives every design a name of its own: its variant or scenario, its file's where two have the same.
func call(designs []*design) {
	given := map[string]int{}
	for _, d := range designs {
		if d.name == "" {
			d.name = d.plan.Scenario.Name
			if d.variant != "" {
				d.name = d.variant
			}
		}
		given[d.name]++
	}
	seen := map[string]int{}
	for _, d := range designs {
		if given[d.name] > 1 {
			base := strings.TrimSuffix(filepath.Base(d.file), filepath.Ext(d.file))
			if d.variant != "" {
				base += " / " + d.variant
			}
			d.name = base
		}
		if seen[d.name]++; seen[d.name] > 1 {
			d.name = fmt.Sprintf("%s (%d)", d.name, seen[d.name])
		}
	}
}

// roundFlags say how many rounds are made, and how.
type roundFlags struct {
	engineFlags
	rounds, jobs int
	seed         uint64
	quiet        bool
}

func (f *roundFlags) register(c *cobra.Command, rounds int) {
	c.Flags().IntVar(&f.rounds, "rounds", rounds, "how many rounds, each with a seed of its own")
	c.Flags().IntVarP(&f.jobs, "jobs", "j", runtime.NumCPU(), "run so many at once")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "the seed of the first round (default: the scenario's, or 1)")
	c.Flags().DurationVar(&f.hop, "virtual-hop", 0, "what a round trip over one edge costs of itself")
	c.Flags().DurationVar(&f.sync, "virtual-sync", 0, "what making a write durable costs")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
}

func (f *roundFlags) check() error {
	switch {
	case f.rounds < 1 || f.jobs < 1:
		return errors.New("--rounds and --jobs need 1 or more")
	case f.hop < 0 || f.sync < 0:
		return errors.New("--virtual-hop and --virtual-sync can't be negative")
	}
	return nil
}

// run makes rounds in children, so many at once, and returns what came of each in their order. said is the line of progress after so many.
func (f *roundFlags) run(ctx context.Context, rounds []round, said func(done int) string) ([]roundMade, error) {
	children := newPool(ctx, min(f.jobs, len(rounds)))
	defer children.close()
	return f.runIn(children, rounds, said)
}

// runIn is run in children that there are.
func (f *roundFlags) runIn(children *pool, rounds []round, said func(done int) string) ([]roundMade, error) {
	progress := progressing(f.quiet)
	var all []roundMade
	err := inOrder(len(rounds), f.jobs, func(i int) (roundMade, error) {
		rounds[i].Hop, rounds[i].Sync = f.hop, f.sync
		return children.run(rounds[i])
	}, func(i int, m roundMade) error {
		all = append(all, m)
		if f.quiet || said == nil {
			return nil
		}
		if line := said(i + 1); line != "" {
			progress.Line(line)
		}
		return nil
	})
	return all, err
}

// resultsOf are every step-th result, from one on.
func resultsOf(made []roundMade, from, step int) (out []*record.Result) {
	for i := from; i < len(made); i += step {
		out = append(out, made[i].Result)
	}
	return out
}
