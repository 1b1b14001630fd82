package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/docker"
	"github.com/squallhq/squall/runner/engine/process"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/lease"
)

// engineFlags choose where a scenario runs.
type engineFlags struct {
	name string
	cidr string
	// hop and sync are the virtual engine's.
	hop, sync time.Duration
}

func (f *engineFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.name, "engine", "auto", "auto, virtual, process or docker; auto takes docker where an engine answers")
	c.Flags().DurationVar(&f.hop, "virtual-hop", 0, "virtual engine: what a round trip over one edge costs of itself")
	c.Flags().DurationVar(&f.sync, "virtual-sync", 0, "virtual engine: what making a write durable costs")
	c.Flags().StringVar(&f.cidr, "docker-range", docker.DefaultRange.String(), "addresses that docker test networks are made from")
}

// engine makes the engine that was asked for and says why it is this one.
func (f *engineFlags) engine(ctx context.Context, _ *planned) (runner.Engine, string, error) {
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
	case "auto":
		if e, version, err := dockerEngine(ctx, addresses); err == nil {
			return e, version + " answers", nil
		}
		return process.New(process.Options{}), "no container engine answers", nil
	}
	return nil, "", usageOf(fmt.Errorf("unknown engine %q; use auto, virtual, process or docker", f.name))
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
	doc := p.document.WithStandIns()
	if doc == p.document {
		return p, why, nil
	}
	var names []string
	for _, n := range p.Scenario.Nodes {
		if n.StandIn != nil {
			names = append(names, n.Name)
		}
	}
	laid, err := lay(doc, p.Seed)
	return laid, why + "; stand-ins for " + strings.Join(names, ", "), err
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
