package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/squallhq/squall/cmd/squall/machine"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/docker"
	"github.com/squallhq/squall/runner/hooks"
	"github.com/squallhq/squall/scenarios"
)

// prepared says where this machine may have too little for a plan; an error where the plan surely can't be carried out on it.
func prepared(ctx context.Context, engine runner.Engine, p *planned, out string, say func(string)) error {
	kind := machine.Processes
	left := machine.Read(cmp.Or(out, "runs"))
	switch e := engine.(type) {
	case runner.Enclosing:
		kind = machine.Virtual
	case *docker.Engine:
		kind = machine.Containers
		if total, err := e.Memory(ctx); err == nil && total > 0 {
			all := uint64(total)
			left.Engine = &all
		}
	}
	warnings, err := left.Check(p.Plan, kind)
	for _, one := range warnings {
		say(one)
	}
	return err
}

// hooksAllowed refuses a scenario that runs commands of this machine where nobody has allowed it, or where one is not there.
func (f *runFlags) hooksAllowed(p *planned) error {
	if len(p.Scenario.Hooks) == 0 {
		return nil
	}
	at := p.document.Position(scenarios.At("hooks"))
	if !f.allowHooks {
		first := p.Scenario.Hooks[0]
		return usageOf(fmt.Errorf("%s: the scenario runs commands of this machine (hook %s); if you trust them, --allow-hooks allows it; else leave hooks out", at, first.String()))
	}
	if err := commandsOf(p).Missing(p.Scenario.Hooks); err != nil {
		return usageOf(fmt.Errorf("%s: %w; paths begin at the scenario's folder", at, err))
	}
	return nil
}

// takeHooks has a run in real time carry out its scenario's hooks, where that is allowed, until closed is called.
func (f *runFlags) takeHooks(o *runner.Options, p *planned, say func(string)) (closed func()) {
	_, inVirtualTime := o.Engine.(runner.Enclosing)
	if inVirtualTime && len(p.Scenario.Hooks) > 0 {
		say("warning: hooks are not run in virtual time")
	}
	if !f.allowHooks || inVirtualTime {
		return func() {}
	}
	c := commandsOf(p)
	c.Run, c.Log = o.Run, filepath.Join(o.Dir, "logs", "hooks.log")
	o.Hook = c.Carry
	return c.Close
}

func commandsOf(p *planned) *hooks.Commands {
	return &hooks.Commands{Scenario: p.Scenario.Name, Folder: p.Scenario.Folder}
}

// takeAlerts has monitoring say which alerts fire until deaf is called: an alert manager's webhook is answered where an address for it was given, and
// the Prometheus that the scenario names is asked.
func (f *runFlags) takeAlerts(ctx context.Context, o *runner.Options, hands *runner.Hands, p *planned, say func(string)) (deaf func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	deaf = cancel
	if p.Scenario.Alerts != nil {
		if err := f.askAlerts(ctx, o.Engine, hands, p, say); err != nil {
			cancel()
			return nil, err
		}
	}
	if f.alerts == "" {
		return deaf, nil
	}
	at, shut, err := control.ServeAlerts(f.alerts, hands)
	if err != nil {
		cancel()
		return nil, usageOf(err)
	}
	o.AlertsAt = at
	say("alerts are taken at " + at)
	return func() { cancel(); _ = shut() }, nil
}

// askAlerts has the Prometheus that the scenario names asked until ctx ends, in real time.
func (f *runFlags) askAlerts(ctx context.Context, engine runner.Engine, hands *runner.Hands, p *planned, say func(string)) error {
	if _, inVirtualTime := engine.(runner.Enclosing); inVirtualTime {
		say("warning: nobody is asked for alerts in virtual time")
		return nil
	}
	asked, err := control.FindPrometheus(ctx, p.Scenario, f.allowExternal)
	if err != nil {
		err = fmt.Errorf("%s: %w", p.document.Position(scenarios.At("alerts").Key("prometheus")), err)
		if _, is := errors.AsType[*control.Outside](err); is {
			return usageOf(err)
		}
		return environment(err)
	}
	go asked.Follow(ctx, hands) // it ends with the run's orders
	return nil
}
