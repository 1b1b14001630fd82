package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/source"
)

// batchFlags say how often and of which variants a run is made, how many at once, and what is written of each.
type batchFlags struct {
	variants string
	repeat   int
	jobs     int
	format   string
	// in is the folder for a run's own, which children are given.
	in string
	// verbose shows all of each report.
	verbose bool
}

func (f *batchFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.variants, "variants", "", "the variants to run, a,b,c or all (the scenario as it stands too); one that says expect: fail is to fail")
	c.Flags().IntVar(&f.repeat, "repeat", 1, "run each so often, with one seed after the other. They pass where every run passes, fail where writes were lost "+
		"or none passes and one fails, and can't be told otherwise")
	c.Flags().IntVarP(&f.jobs, "jobs", "j", 1, "run so many at once, each as a process of its own: in virtual time alone, elsewhere they would measure each other")
	c.Flags().StringVar(&f.format, "format", "table", "table, or json: a line a run")
	registerVerbose(c, &f.verbose)
	c.Flags().StringVar(&f.in, "in", "", "")
	_ = c.Flags().MarkHidden("in")
}

// check tells flags that do not go together.
func (f *runFlags) check() error {
	switch {
	case f.format != "table" && f.format != "json":
		return fmt.Errorf("unknown format %q; run writes table or json, squall report the others too", f.format)
	case f.repeat < 1:
		return fmt.Errorf("--repeat %d: say how often, 1 or more", f.repeat)
	case f.jobs < 1:
		return fmt.Errorf("--jobs %d: say how many at once, 1 or more", f.jobs)
	case f.jobs > 1 && f.name != "virtual":
		return errors.New("--jobs needs --engine virtual: in real time, runs at once would measure each other")
	case f.variant != "" && f.variants != "":
		return errors.New("--variant and --variants do not go together; --variants takes one too")
	}
	return nil
}

// teller is how each run of this command is told.
func (f *runFlags) teller(folder string) teller {
	if run, _ := f.away.Conducts(); run != "" {
		folder = "" // a pod's: whoever follows it says where the run is kept
	}
	switch {
	case f.up: // its exit code is not the run's
		return func(w io.Writer, r *record.Result) error {
			if err := tellTable("", viewed(f.verbose))(w, r); err != nil {
				return err
			}
			_, err := fmt.Fprintf(w, " %s\n\n", folder)
			return err
		}
	case f.format == "json":
		return tellJSON
	case f.repeat > 1: // the summary tells them together
		return func(io.Writer, *record.Result) error { return nil }
	}
	return tellTable(folder, viewed(f.verbose))
}

// job is one run to be made: of the group of runs of the same file and variant.
type job struct {
	plan  *planned
	group int
}

// made is a run that was made, and its folder; result is nil where it gave none.
type made struct {
	result *record.Result
	folder string
}

// runAll makes all runs, one after another or several at once; the exit code of the first group of them that is not 0 is the command's.
// Every file is read before the first is run, so that a mistake in the last one costs nobody a run.
func runAll(ctx context.Context, c *cobra.Command, f runFlags, args []string) error {
	if err := f.check(); err != nil {
		return usageOf(err)
	}
	jobs, err := f.plan(ctx, args)
	if problems, is := errors.AsType[source.Problems](err); is {
		if err := annotateProblems(c.ErrOrStderr(), args, problems); err != nil {
			return environment(err)
		}
	}
	if err != nil {
		return err
	}
	if f.web && len(jobs) > 1 {
		return usageOf(fmt.Errorf("--web shows one run, and these are %d: give one file, without --repeat and --variants", len(jobs)))
	}
	groups := make([]report.Group, 1+jobs[len(jobs)-1].group)
	var results []*record.Result
	take := func(j job, m made) {
		if m.result != nil {
			g := &groups[j.group]
			g.Runs, g.Folders = append(g.Runs, m.result), append(g.Folders, m.folder)
			results = append(results, m.result)
		}
	}
	run := f.oneByOne
	if f.jobs > 1 && len(jobs) > 1 {
		run = f.atOnce
	}
	failure := run(ctx, c, jobs, take)
	if err := errors.Join(failure, f.publish.results(c.ErrOrStderr(), results)); err != nil {
		return err
	}
	groups = slices.DeleteFunc(groups, func(g report.Group) bool { return len(g.Runs) == 0 }) // interrupted before them
	if f.format == "table" && len(jobs) > 1 {
		if err := report.Summary(c.OutOrStdout(), groups, viewed(f.verbose)); err != nil {
			return environment(err)
		}
	}
	for _, g := range groups {
		if code, _ := g.Exit(); code != report.ExitPass {
			return &exit{code: code}
		}
	}
	return nil
}

// plan reads every file with every variant that was asked for; the error has the mistakes of all.
func (f *runFlags) plan(ctx context.Context, files []string) ([]job, error) {
	var jobs []job
	var problems source.Problems
	group := 0
	for _, file := range files {
		variants, err := f.variantsOf(ctx, file)
		for _, variant := range variants {
			var p *planned
			if p, err = plan(ctx, file, variant, f.seed, f.sets...); err != nil {
				break
			}
			for i := range uint64(f.repeat) {
				each, err := lay(p.document, p.Seed+i)
				if err != nil {
					return nil, err
				}
				jobs = append(jobs, job{each, group})
			}
			group++
		}
		if ps, ok := errors.AsType[source.Problems](err); ok {
			problems = append(problems, ps...)
		} else if err != nil {
			return nil, err
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return jobs, nil
}

// variantsOf are the variants of a file that were asked for.
func (f *runFlags) variantsOf(ctx context.Context, file string) ([]string, error) {
	switch f.variants {
	case "":
		return []string{f.variant}, nil
	case "all":
		p, err := plan(ctx, file, "", f.seed)
		if err != nil {
			return nil, err
		}
		return append([]string{""}, p.Scenario.Variants...), nil
	}
	var names []string
	for name := range strings.SplitSeq(f.variants, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, usageOf(fmt.Errorf("--variants %q names none; write a,b or all", f.variants))
	}
	return names, nil
}

// oneByOne makes runs in this process, until one can't be made or somebody interrupts.
func (f *runFlags) oneByOne(ctx context.Context, c *cobra.Command, jobs []job, take func(job, made)) error {
	for _, j := range jobs {
		m, err := runOne(ctx, c, *f, j.plan, len(jobs) > 1)
		take(j, m)
		if err != nil || ctx.Err() != nil {
			return err
		}
	}
	return nil
}
