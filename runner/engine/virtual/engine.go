// Package virtual runs topologies within this process, in virtual time: every instance is the same node code as
// everywhere, on a network in memory through the same mesh, under the same load generator; minutes pass in the time
// that the computing takes.
//
// What is the same as everywhere: the nodes' code, the mesh with its toxics and outages, HTTP and PostgreSQL's protocol on
// every connection, arrivals and all chance, the conductor, the record. What is modelled, and how it differs:
//
//   - The network behaves as TCP on one machine with Linux 6.5 or later does (see package network), and takes no time of its own unless Engine.Hop
//     says so: a hop costs what links, toxics and nodes say it costs, where a real one costs some 0.1 to 1 ms more. But for
//     order: whatever crosses it takes 17 to 32 ns, by the seed and a key (who connects to whom, the how many times, the how
//     many crossings of that connection), an order to a node 1 to 4, and no two things arrive at one instant; nor do the times end
//     there that a scenario gives to work, pauses and hedges. So virtual time decides the order of all that meets, and not the
//     order in which a scheduler runs the goroutines of one instant.
//   - Who goes on together (the parts of a parallel step, who shared a read, who is shed at once, who waited for a
//     stopped instance) goes on one after the other, a ns apart; so do arrivals of a burst and the users of a closed load begin.
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
	"fmt"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/virtual/network"
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
	_ runner.Noting    = (*Engine)(nil)
	_ engine.Driver    = (*Engine)(nil)
)

// Name is virtual.
func (e *Engine) Name() string { return "virtual" }

// Enclose runs f where time is virtual.
func (e *Engine) Enclose(ctx context.Context, f func(context.Context)) error { return enclose(ctx, f) }

// Has tells that it is a machine whose CPU and costs are modelled; there is no limit of memory to hold anybody to.
func (e *Engine) Has(c runner.Capability) bool {
	return c == runner.Pauses || c == runner.CPULimits || c == runner.Costs
}

// Check refuses images; every reason is told at once.
func (e *Engine) Check(p *topology.Plan) error { return engine.Check(e, p) }

// Notes say whose network is modelled, and which limits are not enforced.
func (e *Engine) Notes(p *topology.Plan) []string {
	return append(engine.Notes(e, p), fmt.Sprintf("connections behave as those of Linux %s and later: a SYN that nobody answers is repeated each second %d times, then after waits that double",
		network.Linux, network.SYNLinearTimeouts+1))
}

// Launch makes the mesh and starts every instance. If it fails, it leaves nothing behind.
func (e *Engine) Launch(ctx context.Context, l runner.Launch) (runner.System, error) {
	return engine.Launch(ctx, e, l)
}
