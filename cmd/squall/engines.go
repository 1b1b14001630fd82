package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/cmd/squall/gameday"
	"github.com/squallhq/squall/cmd/squall/kubernetes"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/docker"
	cluster "github.com/squallhq/squall/runner/engine/kubernetes"
	"github.com/squallhq/squall/runner/engine/process"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/lease"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/remote"
	"github.com/squallhq/squall/runner/load/spawn"
	"github.com/squallhq/squall/runner/load/worker"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// engineFlags choose where a scenario runs.
type engineFlags struct {
	name string
	cidr string
	// hop and sync are the virtual engine's.
	hop, sync time.Duration
	// generators drive the load; 0: squall itself does.
	generators int
	// noResults leaves results.gob out.
	noResults bool
	// cluster is what a cluster needs to be said.
	cluster kubernetes.Running
}

func (f *engineFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.name, "engine", "auto", "auto, virtual, process, docker or kubernetes; auto takes docker where an engine answers")
	c.Flags().DurationVar(&f.hop, "virtual-hop", 0, "virtual engine: what a round trip over one edge costs of itself")
	c.Flags().DurationVar(&f.sync, "virtual-sync", 0, "virtual engine: what making a write durable costs")
	c.Flags().IntVar(&f.generators, "generators", 0, "drive the load with so many processes, each with its part of the requests: they are the same however many there are (default: squall's own process does)")
	c.Flags().BoolVar(&f.noResults, "no-results", false, "leave out results.gob, vegeta's file of every request: numbering and writing them is four fifths of what hearing of a request from a generator costs")
	f.cluster.Register(c.Flags())
	c.Flags().StringVar(&f.cidr, "docker-range", docker.DefaultRange.String(), "addresses that docker test networks are made from")
}

// engine makes the engine that was asked for and says why it is this one.
func (f *engineFlags) engine(ctx context.Context, p *planned) (runner.Engine, string, error) {
	addresses, err := netip.ParsePrefix(f.cidr)
	if err != nil {
		return nil, "", usageOf(fmt.Errorf("--docker-range: %w; use a prefix such as %s", err, docker.DefaultRange))
	}
	if f.hop < 0 || f.sync < 0 {
		return nil, "", usageOf(errors.New("--virtual-hop and --virtual-sync can't be negative"))
	}
	switch f.name {
	case "process":
		return process.New(process.Options{}), "asked for", nil
	case "virtual":
		return &virtual.Engine{Hop: f.hop, Sync: f.sync}, "asked for", nil
	case "docker":
		e, version, err := dockerEngine(ctx, addresses)
		if err != nil {
			return nil, "", err
		}
		return e, "asked for; " + version, nil
	case "kubernetes":
		if err := f.cluster.Check(); err != nil {
			return nil, "", usageOf(err)
		}
		e, where, err := f.cluster.Engine(ctx, f.generators)
		if err != nil {
			return nil, "", err
		}
		return e, "asked for; " + where, nil
	case "auto":
		if alone := onlyLocal(p); alone != "" {
			return process.New(process.Options{}), alone + " is a command of this machine alone", nil
		}
		if e, version, err := dockerEngine(ctx, addresses); err == nil {
			return e, version + " answers", nil
		}
		return process.New(process.Options{}), "no container engine answers", nil
	}
	return nil, "", usageOf(fmt.Errorf("unknown engine %q; use auto, virtual, process, docker or kubernetes", f.name))
}

// driven says besides why an engine was taken who drives the load, where that is not squall itself.
func (f *engineFlags) driven(why string) string {
	if f.generators == 0 {
		return why
	}
	return why + "; load by " + spell.Plural(int64(f.generators), "generator")
}

// mostGenerators bounds how many processes drive a load on one machine.
const mostGenerators = 64

// loader is what drives the loads of a plan on an engine, to be closed by the run.
func (f *engineFlags) loader(engine runner.Engine) runner.Loader {
	_, inVirtualTime := engine.(runner.Enclosing)
	if e, is := engine.(*cluster.Engine); is {
		// Pods send: what goes by way of the API server is no load.
		return remote.New(remote.Options{Generators: e.Generators(), Squall: version(), Token: e.GeneratorToken(), Silence: cluster.GeneratorSilence, Start: func(ctx context.Context, s runner.Stage, index int) (remote.Link, error) {
			return e.Generator(ctx, s, index)
		}})
	}
	switch {
	case f.generators == 0:
		return load.New(load.Options{FineWait: !inVirtualTime})
	case inVirtualTime:
		commons := &load.Commons{}
		return remote.New(remote.Options{Generators: f.generators, Inside: func(int) worker.Options {
			return worker.Options{Loader: load.New(load.Options{Commons: commons}), AtOnce: true}
		}})
	}
	children := spawn.New(spawn.Options{})
	return remote.New(remote.Options{Generators: f.generators, Squall: version(), Start: children.Start, Done: children.Close})
}

// divides refuses loads that can't be divided among the generators.
func (f *engineFlags) divides(p *planned) error {
	switch {
	case f.generators < 0 || f.generators > mostGenerators:
		return usageOf(fmt.Errorf("--generators can't be %d; use 1 to %d, or leave it out", f.generators, mostGenerators))
	case f.generators == 0:
		return nil
	}
	if err := order.Check(p.Scenario.Loads, f.generators); err != nil {
		return usageOf(err)
	}
	return nil
}

// onlyLocal is the first node of a plan that no container can be made for; "": there is none.
func onlyLocal(p *planned) string {
	if p == nil {
		return ""
	}
	for _, n := range p.Scenario.Nodes {
		if n.OnlyLocal() {
			return n.Name
		}
	}
	return ""
}

func dockerEngine(ctx context.Context, addresses netip.Prefix) (runner.Engine, string, error) {
	e, err := docker.New(docker.Options{Range: addresses})
	if err != nil {
		return nil, "", err
	}
	version, err := e.Available(ctx)
	if err != nil {
		return nil, "", err
	}
	return e, version, nil
}

// standIns lays the plan out anew with built-in nodes in the place of images, on an engine that runs no
// images and where the scenario names such nodes; why says which.
func standIns(engine runner.Engine, p *planned, why string) (*planned, string, error) {
	if engine.Has(runner.Images) {
		return p, why, nil
	}
	real := scenarios.Reach{Externals: engine.Has(runner.Externals), Locals: engine.Has(runner.Locals)}
	var names, jobs, locals []string
	for _, n := range p.Scenario.Nodes {
		switch {
		case real.Has(n):
			if n.Local != nil {
				locals = append(locals, n.Name)
			}
		case n.StandIn != nil:
			names = append(names, n.Name)
		case n.Job != nil:
			jobs = append(jobs, n.Name)
		}
	}
	if locals != nil {
		why += "; commands of this machine for " + strings.Join(locals, ", ")
	}
	doc := p.document.WithStandIns(real)
	if doc == p.document {
		return p, why, nil
	}
	if names != nil {
		why += "; stand-ins for " + strings.Join(names, ", ")
	}
	if jobs != nil {
		why += "; left out, as jobs of images: " + strings.Join(jobs, ", ")
	}
	laid, err := lay(doc, p.Seed)
	return laid, why, err
}

// nobodyThere refuses phases that wait for somebody, or may come to, where nobody can say a word: in virtual time a run is over before.
func nobodyThere(p *planned) error {
	for i, phase := range p.Scenario.Phases {
		if phase.Waits() {
			return usageOf(fmt.Errorf("%s: phase %q waits until somebody says go, and nobody can in virtual time; use squall run --engine process (or docker), or leave until out",
				p.document.Position(scenarios.At("phases").Item(i).Key("until")), phase.Name))
		}
	}
	if p.Scenario.PauseWhen != nil {
		return usageOf(fmt.Errorf("%s: pause_when holds a phase until somebody says go, and nobody can in virtual time; use squall run --engine process (or docker), or leave it out",
			p.document.Position(scenarios.At("pause_when"))))
	}
	return nil
}

// reap removes what killed runs have left, and says so. What can't be removed is told, and is no reason not to run.
func reap(ctx context.Context, say func(string)) {
	removed, err := lease.Reap(ctx)
	for _, line := range removed {
		say("removed " + line)
	}
	if err != nil {
		say("could not remove everything a killed run left: " + err.Error())
	}
	e, err := docker.New(docker.Options{})
	if err != nil {
		return
	}
	if _, err := e.Available(ctx); err != nil {
		return
	}
	removed, err = e.Reap(ctx)
	for _, line := range removed {
		say("removed " + line)
	}
	if err != nil {
		say("could not remove everything a killed run left: " + err.Error())
	}
}

// begin makes runs here, or has a conductor in the cluster make one.
func (f *runFlags) begin(c *cobra.Command, files []string) error {
	switch {
	case !f.away.On:
		return runAll(c.Context(), c, *f, files)
	case f.name != "kubernetes":
		return usageOf(fmt.Errorf("--in-cluster needs --engine kubernetes, not %s", f.name))
	case len(files) > 1:
		return usageOf(fmt.Errorf("--in-cluster makes one run, and these are %d files", len(files)))
	}
	if err := f.check(); err != nil {
		return usageOf(err)
	}
	h := house()
	s, err := h.Read(c.Context(), files[0], f.variant, f.seed, f.sets)
	if err != nil {
		return err
	}
	if err := f.divides(&planned{s.Plan, s.Document}); err != nil {
		return err
	}
	o := kubernetes.Following{
		House: h, Lines: c.OutOrStdout(), Told: c.OutOrStdout(), Said: c.ErrOrStderr(), Out: f.out, JSON: f.format == "json", Quiet: f.quiet,
	}
	if o.JSON {
		o.Lines = c.ErrOrStderr()
	}
	ended, err := f.away.Run(c.Context(), c, &f.cluster, s, f.generators, o)
	if err != nil || ended == nil {
		return err
	}
	if ended.Result != nil {
		if err := f.publish.results(c.ErrOrStderr(), []*record.Result{ended.Result}); err != nil {
			return err
		}
	}
	return h.Ended(ended.Code)
}

// signalled is what is added to a signal's number where a program that it ended has an exit code.
const signalled = 128

// house is what the commands about a cluster need of this program.
func house() kubernetes.House {
	return kubernetes.House{
		Environment: environment, Usage: usageOf, NewRun: newRun, Who: gameday.Somebody, JSON: tellJSON,
		Ended: func(code int) error {
			if code == int(report.ExitPass) {
				return nil
			}
			if code > signalled && code != int(report.ExitInterrupted) {
				return environment(fmt.Errorf("the conductor was ended by signal %d", code-signalled))
			}
			if !slices.Contains(report.Exits, report.Exit(code)) {
				return environment(fmt.Errorf("the conductor ended with exit code %d, which is none of a run's", code))
			}
			return &exit{code: report.Exit(code)}
		},
		Read: func(ctx context.Context, file, variant string, seed uint64, sets []string) (kubernetes.Scenario, error) {
			p, err := plan(ctx, file, variant, seed, sets...)
			if err != nil {
				return kubernetes.Scenario{}, err
			}
			name := folderName(p.Scenario.Name, p.Scenario.Variant, "")
			return kubernetes.Scenario{Document: p.document, Plan: p.Plan, Title: title(p), Folder: strings.TrimSuffix(name, "-")}, nil
		},
		Saved: func(run, dir string) {
			if filepath.Dir(dir) == filepath.Dir(filepath.FromSlash(latest)) {
				(&folder{id: run, dir: dir}).link()
			}
		},
		Table: func(w io.Writer, folder string, r *record.Result) error {
			return tellTable(folder, viewed(false))(w, r)
		},
	}
}
