package virtual

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/virtual/network"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
)

// process is one incarnation of an instance: its place on the network, its CPU, and the goroutines that serve there.
type process struct {
	addresses wire.Addresses
	host      *network.Host
	cpu       *cpu
	disk      *disk
	own       float64 // cores that it has without any fault
	cancel    context.CancelFunc
	ended     chan struct{} // closed when it has ended
	err       error         // why, once it has
}

var (
	_ engine.Process = (*process)(nil)
	_ engine.Pauser  = (*process)(nil)
	_ engine.Limiter = (*process)(nil)
	_ engine.Meter   = (*process)(nil)
	_ wire.Network   = (*network.Host)(nil)
)

// processor is the instance's CPU. Who awaits that a stopped instance goes on waits in one line with who awaits its network.
type processor struct {
	*cpu
	host *network.Host
}

var _ node.CPU = processor{}

// Await returns when the instance may go on.
func (p processor) Await() { p.host.Await() }

// begin starts an instance and waits until it serves.
func begin(ctx context.Context, t *testbed, p engine.Placed, host *network.Host, d *disk) (engine.Process, error) {
	lifetime, end := context.WithCancel(context.WithoutCancel(ctx))
	k := &process{
		addresses: wire.Addresses{Listen: p.Config.Listen, Admin: p.Config.Admin},
		host:      host, disk: d, own: p.Node.CPUs, cancel: end, ended: make(chan struct{}),
	}
	k.cpu = newCPU(k.cores(p.CPUs))
	k.cpu.keep, k.cpu.turn = t.network.Keep, host.Turn
	environment := node.Environment{Network: host, Disk: d.remount(), CPU: processor{k.cpu, host}, Turn: host.Turn, After: host.After, Keep: t.network.Keep}
	serves := make(chan struct{})
	t.running.Go(func() {
		defer close(k.ended)
		defer end()
		defer host.Kill() // nothing of it stays open
		k.err = node.Serve(lifetime, p.Config, environment, func(wire.Addresses) { close(serves) })
	})
	select {
	case <-serves:
		return k, nil
	case <-k.ended:
		return nil, fmt.Errorf("start %q: %w", p.Name, errors.Join(errors.New("it ended before it served"), k.err))
	case <-ctx.Done():
		_ = k.Kill(ctx)
		return nil, fmt.Errorf("start %q: %w", p.Name, context.Cause(ctx))
	}
}

// Addresses are those that it was given.
func (k *process) Addresses() wire.Addresses { return k.addresses }

// Done is closed when its goroutines have ended, which those of a killed one do by themselves.
func (k *process) Done() <-chan struct{} { return k.ended }

// Err is what its node returned.
func (k *process) Err() error { return k.err }

// Kill ends it at once, as far as anybody can see. Its goroutines, cut off from network and disk, end by themselves.
func (k *process) Kill(context.Context) error {
	k.disk.remount() // for nobody
	k.host.Kill()
	k.cancel()
	return nil
}

// Stop lets it finish what it has begun until grace is over.
func (k *process) Stop(ctx context.Context, grace time.Duration) error {
	k.cancel()
	over := time.NewTimer(grace)
	defer over.Stop()
	select {
	case <-k.ended:
	case <-over.C:
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), k.Kill(ctx))
	}
	return k.Kill(ctx)
}

// Pause stops it as SIGSTOP does: what touches network or CPU waits.
func (k *process) Pause(context.Context) error {
	k.cpu.stop()
	k.host.Stop()
	return nil
}

// Resume lets it go on.
func (k *process) Resume(context.Context) error {
	k.cpu.resume()
	k.host.Go()
	return nil
}

// Limit gives it so many cores of its own ones.
func (k *process) Limit(_ context.Context, cores float64) error {
	k.cpu.limit(k.cores(cores))
	return nil
}

// cores are its own, those of its node or one, but for a limit below that.
func (k *process) cores(limit float64) float64 {
	own := k.own
	if own == 0 {
		own = defaultCores
	}
	if limit == 0 {
		return own
	}
	return min(own, limit)
}

// CPU is the time that was used, exactly.
func (k *process) CPU(context.Context) (time.Duration, bool) { return k.cpu.time(), true }
