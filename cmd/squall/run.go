package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/cmd/squall/kubernetes"
	"github.com/squallhq/squall/cmd/squall/live"
	"github.com/squallhq/squall/cmd/squall/stay"
	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/report/otlp"
	"github.com/squallhq/squall/report/scrape"
	"github.com/squallhq/squall/report/terminal"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/readback"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// runFlags are what `squall run` was asked for.
type runFlags struct {
	engineFlags
	away    kubernetes.Away
	variant string
	seed    uint64
	out     string
	quiet   bool
	keep    bool
	web     bool
	webAt   live.Where // of the page
	// up keeps what was launched up as squall up does, lease is for how long it and --keep do where nobody is there.
	up    bool
	lease time.Duration
	// alerts is where an alert manager sends to.
	alerts  string
	publish publishFlags
	// allowExternal lets the run send to other machines, allowHooks lets it run commands of this one that the scenario names.
	allowExternal, allowHooks bool
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
		RunE: func(c *cobra.Command, args []string) error { return f.begin(c, args) },
	}
	f.engineFlags.register(c)
	f.away.Register(c.Flags())
	c.Flags().StringVar(&f.variant, "variant", "", "the variant to run (default: the scenario as it stands)")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "the root of all chance (default: the scenario's, or 1)")
	c.Flags().StringVar(&f.out, "out", "", "the run's folder (default: runs/SCENARIO-TIME, with runs/latest leading to it; with several files, a folder of them)")
	c.Flags().BoolVar(&f.keep, "keep", false, "leave the topology up under its load after the run, to look around in, until Ctrl-C")
	f.registerLook(c)
	c.Flags().StringVar(&f.alerts, "alerts", "", "take alerts at this loopback address, as in 127.0.0.1:9095, from an alert manager's webhook: what expects alerted_within is held against them")
	c.Flags().BoolVar(&f.allowHooks, "allow-hooks", false, "let it run the commands of the scenario's hooks, on this machine and as you")
	registerSets(c, &f.sets)
	f.publish.register(c)
	f.batchFlags.register(c)
	return c
}

// registerLook are the flags of whatever launches a topology that people look at.
func (f *runFlags) registerLook(c *cobra.Command) {
	c.Flags().BoolVar(&f.web, "web", false, "show the run in a browser while it goes on, on a loopback address: the report as far as it has come, and what squall ctl can as buttons; "+
		"the link is printed, with one for those who only look on")
	c.Flags().StringVar(&f.webAt.Address, "web-at", "", "show it at this address of this machine, as in 192.168.1.5:8443, for browsers of others: over TLS, but on loopback")
	c.Flags().StringVar(&f.webAt.Cert, "web-cert", "", "the page's certificate, a file of PEM (default: one that is made for the run)")
	c.Flags().StringVar(&f.webAt.Key, "web-key", "", "the key of --web-cert")
	c.Flags().BoolVar(&f.allowExternal, "allow-external", false, "let it send to external nodes that are outside this machine")
	c.Flags().DurationVar(&f.lease, "lease", stay.Default, "what stays up ends when nobody was there for so long: no order of squall ctl, no look at the page, no request to an entry by the address that is printed")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
}

// stays arranges for a run to stay up, where it is to: until ctx ends, or the lease.
func (f *runFlags) stays(ctx context.Context, o *runner.Options, by *control.Options, t *telling, say func(string)) (context.Context, context.CancelFunc) {
	if _, inVirtualTime := o.Engine.(runner.Enclosing); !inVirtualTime {
		o.Ready = func(_ context.Context, addresses []runner.Address, _ error) { t.addressed(addresses) }
	}
	if !f.keep && !f.up {
		return context.WithCancel(ctx)
	}
	lease := stay.New(f.lease)
	by.Seen = lease.Renew
	if f.keep {
		o.Hold = func(ctx context.Context, held runner.Held) { t.hold(ctx, held, say, lease) }
		return context.WithCancel(ctx)
	}
	o.Ready = func(ctx context.Context, addresses []runner.Address, err error) {
		lease.Renew()
		addresses = lease.Doors(ctx, addresses)
		t.addressed(addresses)
		look(addresses, err, say)
		say("it is up under its load; squall ctl --run " + t.folder.dir + " works on it; it stays up until Ctrl-C or squall ctl go" + lease.String())
	}
	return lease.Bound(ctx)
}

// bringUp is `squall up`.
func bringUp(ctx context.Context, c *cobra.Command, f runFlags, file string) error {
	asIs, err := plan(ctx, file, f.variant, f.seed, f.sets...)
	if err != nil {
		return err
	}
	f.up = true
	p, err := plan(ctx, file, f.variant, f.seed, append(slices.Clone(f.sets), stay.Sets(asIs.Scenario)...)...)
	if err != nil {
		return err
	}
	done, err := runOne(ctx, c, f, p, false)
	if err != nil {
		return err
	}
	if code := report.ExitCode(done.result); code == report.ExitInterrupted && errors.Is(context.Cause(ctx), errInterrupted) {
		return &exit{code: code}
	}
	return nil // it was up, and is not any more: that is all that was asked for
}

// upCommand is `squall up`.
func upCommand() *cobra.Command {
	f := runFlags{batchFlags: batchFlags{format: "table"}}
	return stay.Command(func(c *cobra.Command) {
		f.engineFlags.register(c)
		c.Flags().StringVar(&f.variant, "variant", "", "the variant to bring up (default: the scenario as it stands)")
		c.Flags().Uint64Var(&f.seed, "seed", 0, "the root of all chance (default: the scenario's, or 1)")
		c.Flags().StringVar(&f.out, "out", "", "the run's folder (default: runs/SCENARIO-TIME, with runs/latest leading to it)")
		f.registerLook(c)
		registerSets(c, &f.sets)
	}, func(ctx context.Context, c *cobra.Command, file string) error { return bringUp(ctx, c, f, file) })
}

// runOne runs a plan. There may be a result beside an error, which then tells its exit code.
func runOne(ctx context.Context, c *cobra.Command, f runFlags, p *planned, several bool) (made, error) {
	progress := progressing(f.quiet)
	say, show := progress.Line, progress.Show
	if f.quiet {
		say, show = func(string) {}, nil
	}
	if f.in == "" {
		reap(ctx, say)
	}
	sends, err := otlp.FromEnvironment(os.Getenv)
	if err != nil {
		return made{}, usageOf(err)
	}
	engine, p, why, err := f.fits(ctx, p, progress)
	if err != nil {
		return made{}, err
	}
	if err := prepared(ctx, engine, p, cmp.Or(f.in, f.out), say); err != nil {
		return made{}, environment(err)
	}
	folder, err := f.newFolder(p, several)
	if err != nil {
		return made{}, environment(err)
	}
	begins(say, p, engine, f.driven(why), folder)
	options := runner.Options{Plan: p.Plan, Engine: engine, EngineWhy: why, Run: folder.id, Dir: folder.dir, Watch: show, Version: version(), AllowExternal: f.allowExternal, Loader: f.loader(engine)}
	t := &telling{w: c.OutOrStdout(), plan: p, folder: folder, command: again(folder, f, engine, p),
		sets: f.sets, shouldFail: f.variants != "" && p.document.ShouldFail, tells: f.teller(folder.dir), sends: sends, warn: progress.Line}
	by := controlOf(p, folder, engine)
	ctx, ends := f.stays(ctx, &options, &by, t, progress.Line)
	defer ends()
	if t.page, err = f.page(&by, p, folder, progress.Line); err != nil {
		return made{}, environment(err)
	}
	defer t.page.Close()
	deaf, err := f.takeAlerts(ctx, &options, by.Hands, p, say)
	if err != nil {
		folder.discard()
		return made{}, err
	}
	defer deaf()
	defer f.takeHooks(&options, p, say)()
	result, err := f.atTheKeys(ctx, options, by, folder, t, progress)
	done := made{result, folder.dir}
	if result == nil {
		t.page.Failed(err)
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

// fits is the engine that carries a plan out, why it is that one, and the plan with what stands in for images on it; an error says what does
// not fit.
func (f *runFlags) fits(ctx context.Context, p *planned, progress *terminal.Progress) (runner.Engine, *planned, string, error) {
	engine, why, err := f.engine(ctx, p)
	if err != nil {
		return nil, nil, "", failed(ctx, err)
	}
	if p, why, err = standIns(engine, p, why); err != nil {
		return nil, nil, "", err
	}
	if err := engine.Check(p.Plan); err != nil {
		return nil, nil, "", usageOf(err)
	}
	if err := f.divides(p); err != nil {
		return nil, nil, "", err
	}
	return engine, p, why, f.lookedAt(engine, p, progress)
}

// lookedAt tells whether there is time to look at a run on an engine: without it there is nothing to keep, no page, and nobody to wait for.
func (f *runFlags) lookedAt(engine runner.Engine, p *planned, progress *terminal.Progress) error {
	_, inVirtualTime := engine.(runner.Enclosing)
	if !inVirtualTime {
		progress.Unfold()
		if err := f.webAt.Wrong(); err != nil {
			return usageOf(err)
		}
		return f.hooksAllowed(p)
	}
	for flag, given := range map[string]bool{"--keep": f.keep, "--web": f.web, "--web-at": f.webAt != (live.Where{}), "--alerts": f.alerts != ""} {
		if given {
			return usageOf(errors.New(flag + " needs an engine in real time: in virtual time nothing is there to look at; use --engine process or docker"))
		}
	}
	return nobodyThere(p)
}

// begins says that a run begins, what looks like a mistake in it, and how people reach it.
func begins(say func(string), p *planned, engine runner.Engine, why string, folder *folder) {
	say(fmt.Sprintf("%s on the %s engine (%s), run %s", title(p), engine.Name(), why, folder.id))
	for _, warning := range p.Warnings {
		say("warning: " + warning)
	}
	if _, inVirtualTime := engine.(runner.Enclosing); !inVirtualTime && !folder.away {
		say(fmt.Sprintf("squall ctl --run %s steers it; %s there says where its parts answer, %s what Prometheus reads", folder.dir, control.AddressesFile, control.ScrapeFile))
	}
}

// steered makes a run that people can take part in, in real time: in virtual time it is over before anybody has said a word.
func steered(ctx context.Context, o runner.Options, by control.Options, folder *folder) (*record.Result, error) {
	if _, inVirtualTime := o.Engine.(runner.Enclosing); inVirtualTime {
		return conduct(ctx, o, folder)
	}
	o.Hands = by.Hands
	shut, err := control.Serve(by)
	if err != nil {
		return nil, err
	}
	result, err := conduct(ctx, o, folder)
	return result, errors.Join(err, shut())
}

// controlOf is what people steer a run with.
func controlOf(p *planned, folder *folder, engine runner.Engine) control.Options {
	hands := &runner.Hands{}
	return control.Options{
		Run: folder.id, Scenario: title(p), Dir: folder.dir, Hands: hands, Plan: p.Plan, Metrics: scrape.Handler(hands.Record),
		Read: func(text string, lasts time.Duration, on []faults.Fault) (topology.ResolvedFault, error) {
			with, err := p.document.ByHand(p.Seed, text, lasts, on...)
			if err == nil {
				err = engine.Check(with)
			}
			if err != nil {
				return topology.ResolvedFault{}, err
			}
			return with.Faults[len(with.Faults)-1], nil
		},
	}
}

// followed makes a run that is sent to where a team looks at its systems while it goes on.
func followed(ctx context.Context, o runner.Options, by control.Options, folder *folder, t *telling) (*record.Result, error) {
	defer t.sends.Follow(ctx, by.Hands.Record, func(err error) { t.warn("warning: " + err.Error()) })()
	return steered(ctx, o, by, folder)
}

// conduct makes a run and keeps its results in its folder.
func conduct(ctx context.Context, o runner.Options, folder *folder) (*record.Result, error) {
	results, end, err := folder.results()
	if err != nil {
		return nil, err
	}
	o.Results = results
	if _, inVirtualTime := o.Engine.(runner.Enclosing); !inVirtualTime { // there it can't be killed in the middle of anything
		events, err := os.Create(filepath.Join(folder.dir, record.EventsFile))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("write events: %w", err), end())
		}
		defer events.Close()
		o.Events = events
	}
	result, err := wired(ctx, o)
	return result, errors.Join(err, end())
}

// wired makes a run with its load and its readers of what was written.
func wired(ctx context.Context, o runner.Options) (*record.Result, error) {
	_, inVirtualTime := o.Engine.(runner.Enclosing)
	if inVirtualTime {
		defer virtual.Tune()()
	}
	if o.Loader == nil {
		o.Loader = (&engineFlags{}).loader(o.Engine)
	}
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
	if _, is := errors.AsType[*runner.NotAllowed](err); is {
		return usageOf(err)
	}
	if _, is := errors.AsType[*runner.Tripped](err); is {
		return &exit{code: report.ExitFail, err: err}
	}
	return environment(err)
}

// usageOf marks what the engine can't do for this scenario as the scenario's or the command line's fault.
func usageOf(err error) error { return &exit{code: report.ExitUsage, err: err} }

// again is the command that makes this run once more, its seed and engine spelled out.
func again(folder *folder, f runFlags, engine runner.Engine, p *planned) string {
	words := []string{"squall", map[bool]string{false: "run", true: "up"}[f.up], p.document.File}
	if p.document.File == stdinName { // gone, but for what the run's folder keeps, which has the variant and the changes in
		words[2], f.sets = filepath.Join(folder.dir, "scenario.yaml"), nil
	} else if p.Scenario.Variant != "" {
		words = append(words, "--variant", p.Scenario.Variant)
	}
	for _, set := range f.sets {
		words = append(words, "--set", shellQuoted(set))
	}
	words = append(words, "--engine", engine.Name())
	if engine.Name() == "kubernetes" {
		for _, word := range f.cluster.Words() {
			words = append(words, shellQuoted(word))
		}
	}
	if folder.away {
		words = append(words, "--in-cluster")
	}
	words = append(words, "--seed", strconv.FormatUint(p.Seed, 10))
	if f.generators > 0 {
		words = append(words, "--generators", strconv.Itoa(f.generators))
	}
	if f.noResults {
		words = append(words, "--no-results")
	}
	if f.allowExternal {
		words = append(words, "--allow-external")
	}
	if f.allowHooks {
		words = append(words, "--allow-hooks")
	}
	if engine.Has(runner.Costs) && (f.hop > 0 || f.sync > 0) {
		words = append(words, "--virtual-hop", f.hop.String(), "--virtual-sync", f.sync.String())
	}
	return strings.Join(words, " ")
}
