package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/source"
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
}

func runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run FILE...",
		Short: "Launch a scenario's topology, drive its load, inject its faults, report",
		Example: `  squall run examples/quickstart.yaml
  squall run examples/quickstart.yaml --variant unprotected --engine process`,
		Args: files,
		RunE: func(c *cobra.Command, args []string) error { return runAll(c.Context(), c, f, args) },
	}
	f.engineFlags.register(c)
	c.Flags().StringVar(&f.variant, "variant", "", "the variant to run (default: the scenario as it stands)")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "the root of all chance (default: the scenario's, or 1)")
	c.Flags().StringVar(&f.out, "out", "", "the run's folder (default: runs/SCENARIO-TIME, with runs/latest leading to it; with several files, a folder of them)")
	c.Flags().BoolVar(&f.keep, "keep", false, "leave the topology up under its load after the run, to look around in, until Ctrl-C")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	return c
}

// runAll runs the files one after another; the first exit code that is not 0 is the command's. Every file
// is read before the first is run, so that a mistake in the last one costs nobody a run.
func runAll(ctx context.Context, c *cobra.Command, f runFlags, args []string) error {
	var plans []*planned
	var problems source.Problems
	for _, file := range args {
		p, err := plan(ctx, file, f.variant, f.seed)
		if ps, ok := errors.AsType[source.Problems](err); ok {
			problems = append(problems, ps...)
			continue
		}
		if err != nil {
			return err
		}
		plans = append(plans, p)
	}
	if len(problems) > 0 {
		return problems
	}
	code := report.ExitPass
	for _, p := range plans {
		got, err := runOne(ctx, c, f, p, len(plans) > 1)
		if err != nil {
			return err
		}
		if code == report.ExitPass {
			code = got
		}
		if ctx.Err() != nil {
			break
		}
	}
	if code != report.ExitPass {
		return &exit{code: code}
	}
	return nil
}

// runOne runs a plan and says its exit code; an error means that there is no result.
func runOne(ctx context.Context, c *cobra.Command, f runFlags, p *planned, several bool) (report.Exit, error) {
	progress := report.NewProgress(os.Stderr, animated(os.Stderr) && !f.quiet, colorful(os.Stderr), width(os.Stderr))
	say := progress.Line
	show := progress.Show
	if f.quiet {
		say, show = func(string) {}, nil
	}
	reap(ctx, say)
	engine, why, err := f.engine(ctx, p)
	if err != nil {
		return 0, failed(ctx, err)
	}
	if p, why, err = standIns(engine, p, why); err != nil {
		return 0, err
	}
	if err := engine.Check(p.Plan); err != nil {
		return 0, usageOf(err)
	}
	if _, virtual := engine.(runner.Enclosing); virtual && f.keep {
		return 0, usageOf(errors.New("--keep needs an engine in real time: in virtual time nothing is there to look at; use --engine process or docker"))
	}
	folder, err := newFolder(f.out, p, several)
	if err != nil {
		return 0, environment(err)
	}
	say(fmt.Sprintf("%s on the %s engine (%s), run %s", title(p), engine.Name(), why, folder.id))
	options := runner.Options{Plan: p.Plan, Engine: engine, EngineWhy: why, Run: folder.id, Dir: folder.dir, Watch: show, Version: version()}
	t := &telling{w: c.OutOrStdout(), plan: p, folder: folder, command: again(folder, f, engine, p)}
	if f.keep {
		options.Hold = func(ctx context.Context, held runner.Held) { t.hold(ctx, held, say) }
	}
	result, err := conduct(ctx, options, folder)
	if result == nil {
		folder.discard()
		return 0, failed(ctx, err)
	}
	if tellErr := t.tell(result); tellErr != nil {
		return 0, environment(errors.Join(tellErr, err))
	}
	if stage, is := errors.AsType[*runner.StageError](err); is && stage.Stage == "load" && ctx.Err() == nil {
		return 0, environment(err) // nobody interrupted it
	}
	if err != nil && !result.Partial {
		return 0, environment(err)
	}
	return report.ExitCode(result), nil
}

// conduct wires a run's load, its results and its reader of writes.
func conduct(ctx context.Context, o runner.Options, folder *folder) (*record.Result, error) {
	results, err := folder.results()
	if err != nil {
		return nil, err
	}
	_, inVirtualTime := o.Engine.(runner.Enclosing)
	if inVirtualTime {
		defer virtual.Tune()()
	}
	o.Loader = load.New(load.Options{FineWait: !inVirtualTime})
	o.Results = results
	o.ReadWrites = func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
		return node.ReadBack(ctx, dial, i.Node)
	}
	o.ReadOutbox = func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
		return node.ReadOutbox(ctx, dial, i.Node)
	}
	result, err := runner.Run(ctx, o)
	return result, errors.Join(err, results.Close())
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
	if p.document.File == stdinName { // gone, but for what the run's folder keeps, which has the variant in
		words[2] = filepath.Join(folder.dir, "scenario.yaml")
	} else if f.variant != "" {
		words = append(words, "--variant", f.variant)
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
