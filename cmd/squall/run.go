package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/readback"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// runFlags are what `squall run` was asked for.
type runFlags struct {
	engineFlags
	variant string
	seed    uint64
	out     string
	quiet   bool
	keep    bool
	publish publishFlags
	// sets are changes to the scenario, each PATH=VALUE.
	sets []string
	batchFlags
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run FILE...",
		Short: "Launch a scenario's topology, drive its load, inject its faults, report",
		Example: `  squall run examples/quickstart.yaml
  squall run examples/quickstart.yaml --variant unprotected --engine process
  squall run examples/*.yaml --engine virtual -j 2 --variants all --junit junit.xml`,
		Args: files,
		RunE: func(c *cobra.Command, args []string) error { return runAll(c.Context(), c, f, args) },
	}
	f.engineFlags.register(c)
	c.Flags().StringVar(&f.variant, "variant", "", "the variant to run (default: the scenario as it stands)")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "the root of all chance (default: the scenario's, or 1)")
	c.Flags().StringVar(&f.out, "out", "", "the run's folder (default: runs/SCENARIO-TIME, with runs/latest leading to it; with several files, a folder of them)")
	c.Flags().BoolVar(&f.keep, "keep", false, "leave the topology up under its load after the run, to look around in, until Ctrl-C")
	registerSets(c, &f.sets)
	f.publish.register(c)
	f.batchFlags.register(c)
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	return c
}

// runOne runs a plan. There may be a result beside an error, which then tells its exit code.
func runOne(ctx context.Context, c *cobra.Command, f runFlags, p *planned, several bool) (made, error) {
	progress := progressing(f.quiet)
	say := progress.Line
	show := progress.Show
	if f.quiet {
		say, show = func(string) {}, nil
	}
	if f.in == "" {
		reap(ctx, say)
	}
	engine, why, err := f.engine(ctx, p)
	if err != nil {
		return made{}, failed(ctx, err)
	}
	if p, why, err = standIns(engine, p, why); err != nil {
		return made{}, err
	}
	if err := engine.Check(p.Plan); err != nil {
		return made{}, usageOf(err)
	}
	_, inVirtualTime := engine.(runner.Enclosing)
	if !inVirtualTime {
		progress.Unfold() // there is time to look at it
	}
	if inVirtualTime && f.keep {
		return made{}, usageOf(errors.New("--keep needs an engine in real time: in virtual time nothing is there to look at; use --engine process or docker"))
	}
	if err := prepared(ctx, engine, p, cmp.Or(f.in, f.out), say); err != nil {
		return made{}, environment(err)
	}
	folder, err := newFolder(cmp.Or(f.in, f.out), p, several || f.in != "")
	if err != nil {
		return made{}, environment(err)
	}
	say(fmt.Sprintf("%s on the %s engine (%s), run %s", title(p), engine.Name(), why, folder.id))
	options := runner.Options{Plan: p.Plan, Engine: engine, EngineWhy: why, Run: folder.id, Dir: folder.dir, Watch: show, Version: version()}
	t := &telling{w: c.OutOrStdout(), plan: p, folder: folder, command: again(folder, f, engine, p),
		sets: f.sets, shouldFail: f.variants != "" && p.document.ShouldFail, tells: f.teller(folder.dir)}
	if f.keep {
		options.Hold = func(ctx context.Context, held runner.Held) { t.hold(ctx, held, say) }
	}
	result, err := conduct(ctx, options, folder)
	done := made{result, folder.dir}
	if result == nil {
		folder.discard()
		return made{}, failed(ctx, err)
	}
	if tellErr := t.tell(result); tellErr != nil {
		return done, environment(errors.Join(tellErr, err))
	}
	if stage, is := errors.AsType[*runner.StageError](err); is && stage.Stage == "load" && ctx.Err() == nil {
		return done, environment(err) // nobody interrupted it
	}
	if err != nil && !result.Partial {
		return done, environment(err)
	}
	return done, nil
}

// conduct makes a run and keeps its results in its folder.
func conduct(ctx context.Context, o runner.Options, folder *folder) (*record.Result, error) {
	results, err := folder.results()
	if err != nil {
		return nil, err
	}
	o.Results = results
	result, err := wired(ctx, o)
	return result, errors.Join(err, results.Close())
}

// wired makes a run with its load and its readers of what was written.
func wired(ctx context.Context, o runner.Options) (*record.Result, error) {
	_, inVirtualTime := o.Engine.(runner.Enclosing)
	if inVirtualTime {
		defer virtual.Tune()()
	}
	o.Loader = load.New(load.Options{FineWait: !inVirtualTime})
	o.ReadWrites = func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
		return node.ReadBack(ctx, dial, i.Node)
	}
	o.ReadOutbox = func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
		return node.ReadOutbox(ctx, dial, i.Node)
	}
	o.ReadWritten = readback.Read
	return runner.Run(ctx, o)
}

// failed gives a run without a result its exit code: interrupted, or the environment's fault.
func failed(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errInterrupted) {
		return &exit{code: report.ExitInterrupted, err: errors.New("interrupted before the first request; everything undone")}
	}
	return environment(err)
}

// usageOf marks what the engine can't do for this scenario as the scenario's or the command line's fault.
func usageOf(err error) error { return &exit{code: report.ExitUsage, err: err} }

// again is the command that makes this run once more, its seed and engine spelled out.
func again(folder *folder, f runFlags, engine runner.Engine, p *planned) string {
	words := []string{"squall", "run", p.document.File}
	if p.document.File == stdinName { // gone, but for what the run's folder keeps, which has the variant and the changes in
		words[2], f.sets = filepath.Join(folder.dir, "scenario.yaml"), nil
	} else if p.Scenario.Variant != "" {
		words = append(words, "--variant", p.Scenario.Variant)
	}
	for _, set := range f.sets {
		words = append(words, "--set", shellQuoted(set))
	}
	words = append(words, "--engine", engine.Name(), "--seed", strconv.FormatUint(p.Seed, 10))
	if engine.Has(runner.Costs) && (f.hop > 0 || f.sync > 0) {
		words = append(words, "--virtual-hop", f.hop.String(), "--virtual-sync", f.sync.String())
	}
	return strings.Join(words, " ")
}

func title(p *planned) string {
	if p.Scenario.Variant != "" {
		return p.Scenario.Name + " / " + p.Scenario.Variant
	}
	return p.Scenario.Name
}
