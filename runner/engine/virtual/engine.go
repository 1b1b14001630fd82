// Package virtual runs topologies within this process, in virtual time: every instance is the same node code as
// everywhere, on a network in memory through the same mesh, under the same load generator; minutes pass in the time
// that the computing takes.
//
// What is the same as everywhere: the nodes' code, the mesh with its toxics and outages, HTTP and PostgreSQL's protocol on
// every connection, arrivals and all chance, the conductor, the record. What is modelled, and how it differs:
//
//   - The network behaves as TCP on one machine does (see package network), and takes no time of its own unless Engine.Hop
//     says so: a hop costs what links, toxics and nodes say it costs, where a real one costs some 0.1 to 1 ms more.
//   - CPU: computing shares an instance's cores evenly (see cpu); all else that a node does costs nothing.
//   - Disk: what was synced is durable, syncing takes Engine.Sync, and a kill takes what was not (see disk).
//   - Kill ends a life for everybody else at once: connections close, ports refuse, the disk is as it was. Its goroutines
//     find that out and end by themselves.
//   - Pause stops an instance where it meets the world: it neither reads, writes, connects nor computes, nothing
//     that it waited for goes on until it resumes, and its peers' kernel-side connections stay. Unlike under SIGSTOP, timers
//     run: a call's timeout that ends meanwhile has ended the call, and so counted it, at that moment and not at the resumption.
//
// Enclose gives the bubble in which time is virtual; with Tune, one seed gives one record, byte for byte, but for the run's
// name and the time of day. Launched outside of a bubble, a system runs in real time.
package virtual

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Engine starts runs in this process. The zero value has a machine that costs nothing: what is measured is the
// architecture, and closed forms hold.
type Engine struct {
	// Hop is what a round trip over one edge costs besides what links, toxics and nodes say, and Sync what making a write
	// durable does. Measured on a machine (make agreement does), they bring figures close to that machine's.
	Hop, Sync time.Duration
}

var (
	_ runner.Engine    = (*Engine)(nil)
	_ runner.Enclosing = (*Engine)(nil)
)

// New makes an engine. Nothing is started.
func New() *Engine { return &Engine{} }

// Name is virtual.
func (e *Engine) Name() string { return "virtual" }

// Enclose runs f where time is virtual.
func (e *Engine) Enclose(ctx context.Context, f func(context.Context)) error { return enclose(ctx, f) }

// Check refuses images; every reason is told at once.
func (e *Engine) Check(p *topology.Plan) error {
	var errs []error
	for _, n := range p.Scenario.Nodes {
		if n.Image != "" || n.Kind == scenarios.KindImage {
			errs = append(errs, fmt.Errorf("node %q wants image %q, and the virtual engine runs built-in nodes alone; %s, or use --engine docker",
				n.Name, n.Image, wouldStandIn(n)))
		}
	}
	for _, f := range p.Faults {
		for _, one := range f.Primitives {
			if err := supports(one); err != nil {
				errs = append(errs, fmt.Errorf("fault %q in phase %q: %w", f.Fault.Kind.String(), f.Phase, err))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// wouldStandIn says what to add to a node so that something built in takes its image's place.
func wouldStandIn(n *scenarios.Node) string {
	switch n.Kind {
	case scenarios.KindImage:
		return "add stand_in: {kind: service, endpoints: {...}} (or another kind) with what it does"
	case scenarios.KindDatabase:
		return "add stand_in: {kind: database}"
	default:
		return fmt.Sprintf("add stand_in: {kind: %s, ...}, the built-in %s", n.Kind, n.Kind)
	}
}

func supports(p faults.Primitive) error {
	switch p.Op {
	case faults.OpToxic, faults.OpOutage, faults.OpKill, faults.OpBehave, faults.OpAsk, faults.OpConfigure, faults.OpStop, faults.OpPause, faults.OpCPU:
		return nil
	default:
		return fmt.Errorf("the virtual engine knows no %q", p.Op)
	}
}
