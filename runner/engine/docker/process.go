package docker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/topology"
)

// instance is a container and all its incarnations.
type instance struct {
	*testbed
	place *place
	// given is its place's instance as its container is made.
	given topology.Instance
	// made is closed when the container, its networks and the mesh on them are there, or failure says why not.
	made    chan struct{}
	failure error
	// id is its container's name, which another that takes its place has, too.
	id string
	// networks are the ids of its networks, runs the image of its container.
	networks []string
	runs     string
	log      *follower
	acts     acts
	cpu      cpuMeter
	// written is the configuration that the container has, limit the cores, memory a fault's limit of it; only who starts and limits
	// it uses them.
	written []byte
	limit   float64
	memory  int64

	mu sync.Mutex // guards what follows
	// running are the incarnations whose end the engine has not told yet, the oldest first. There is more than one when a
	// container is started again before its earlier end is told.
	running []*process
}

// process is one incarnation.
type process struct {
	*instance
	paused     atomic.Bool
	ended      chan struct{}
	err        error
	starvation starvation
}

var (
	_ engine.Process       = (*process)(nil)
	_ engine.Pauser        = (*process)(nil)
	_ engine.Limiter       = (*process)(nil)
	_ engine.MemoryLimiter = (*process)(nil)
	_ engine.Resolver      = (*process)(nil)
	_ engine.Meter         = (*process)(nil)
	_ engine.Logged        = (*process)(nil)
)

// await waits until the container is made.
func (i *instance) await(ctx context.Context) error {
	if err := wait(ctx, i.made); err != nil {
		return err
	}
	return i.failure
}

// Start starts an instance's container, with its configuration written into it.
func (t *testbed) Start(ctx context.Context, p engine.Placed) (engine.Process, error) {
	i := t.byName[p.Name]
	k, err := i.start(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", p.Name, err)
	}
	return k, nil
}

func (i *instance) start(ctx context.Context, p engine.Placed) (*process, error) {
	if err := i.await(ctx); err != nil {
		return nil, err
	}
	if p.Image() && p.Node.Image != i.runs {
		if err := i.remake(ctx, p.Node.Image); err != nil {
			return nil, err
		}
	}
	if !p.Image() {
		if err := i.configure(ctx, p.Config); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(i.setLimit(ctx, p.CPUs), i.setMemory(ctx, p.Memory)); err != nil {
		return nil, err
	}
	release, err := slot(ctx, i.startSlots)
	if err != nil {
		return nil, err
	}
	k := i.begin()
	err = i.acts.ask(events.ActionStart, func() error { return i.engine.start(ctx, i.id) })
	release()
	if err != nil {
		i.forget(k)
		return nil, err
	}
	i.log.started()
	if p.Restart {
		err = i.redirect(ctx, i.place.address())
	}
	return k, err
}

// configure writes what a built-in node is told into its container, where that does not hold it yet.
func (i *instance) configure(ctx context.Context, c node.Config) error {
	archive, err := configArchive(c)
	if err != nil {
		return fmt.Errorf("write its configuration: %w", err)
	}
	if slices.Equal(archive, i.written) {
		return nil
	}
	err = i.acts.ask(events.ActionExtractToDir, func() error { return i.engine.copyIn(ctx, i.id, archive) })
	if err != nil {
		return err
	}
	i.written = archive
	return nil
}

// begin adds an incarnation, before it can end.
func (i *instance) begin() *process {
	k := &process{instance: i, ended: make(chan struct{})}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.running = append(i.running, k)
	return k
}

// forget takes an incarnation back that did not begin.
func (i *instance) forget(k *process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.running = slices.DeleteFunc(i.running, func(o *process) bool { return o == k })
}

// end takes the engine's word that the oldest incarnation has ended.
func (i *instance) end(how error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.running) == 0 {
		return
	}
	k := i.running[0]
	i.running = i.running[1:]
	k.err = how
	close(k.ended)
}

// settle ends what the engine has not told of before it was asked no more.
func (i *instance) settle() {
	i.mu.Lock()
	left := len(i.running)
	i.mu.Unlock()
	for range left {
		i.end(errDown)
	}
}

// Addresses are on the instance's first network.
func (k *process) Addresses() wire.Addresses {
	return wire.Addresses{Listen: k.place.address(), Admin: k.place.adminAddress()}
}

// Done is closed when the engine has told of its end; Err says how then.
func (k *process) Done() <-chan struct{} { return k.ended }

// Err is its exit code, or that it used too much memory.
func (k *process) Err() error { return k.err }

// LastWords are the last lines of its log, and where that is.
func (k *process) LastWords() string {
	where := "; its log is " + k.logFile(k.place.name())
	if lines := k.lastLines(); lines != "" {
		return where + ", which ends with: " + lines
	}
	return where
}

// CPU is what the engine counts.
func (k *process) CPU(ctx context.Context) (time.Duration, bool) {
	return k.cpu.read(ctx, k.testbed, k.id)
}

// pauseTries bounds how often a pause is tried: freezing a container whose processes are being
// started or are in the kernel fails now and then, and succeeds a moment later.
const pauseTries = 5

// Pause freezes the container.
func (k *process) Pause(ctx context.Context) error {
	for try := 1; ; try++ {
		err := k.acts.ask(events.ActionPause, func() error { return k.engine.api.ContainerPause(ctx, k.id) })
		if err == nil {
			k.paused.Store(true)
		}
		if err == nil || try == pauseTries {
			return err
		}
		select {
		case <-time.After(time.Duration(try) * 10 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

// Resume thaws the container. An engine that says that it does not stand still may have an echo of ours still to come, and is asked again.
func (k *process) Resume(ctx context.Context) error {
	thaw := func() error { return k.engine.api.ContainerUnpause(ctx, k.id) }
	for try := 1; ; try++ {
		err := k.acts.ask(events.ActionUnPause, thaw)
		if err != nil && !notPaused(err) {
			return err
		}
		if err == nil || !k.paused.Load() || try == pauseTries {
			k.paused.Store(false)
			return nil
		}
		select {
		case <-time.After(time.Duration(try) * 20 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

// notPaused tells the engine's refusal to resume what is not paused.
func notPaused(err error) bool { return errdefs.IsConflict(err) || errdefs.IsNotFound(err) }

// Kill ends the container with SIGKILL. A frozen one is thawed first, since the engine refuses to kill it.
func (k *process) Kill(ctx context.Context) error {
	k.isEnding()
	if k.paused.Load() {
		if err := k.Resume(ctx); err != nil {
			return err
		}
	}
	var group errgroup.Group
	group.Go(func() error { return k.redirect(ctx, nobody) })
	group.Go(func() error {
		if err := k.engine.api.ContainerKill(ctx, k.id, "SIGKILL"); err != nil && !errdefs.IsConflict(err) { // it is not running
			return err
		}
		return nil
	})
	return group.Wait()
}

// Stop ends the container with SIGTERM, and with SIGKILL when grace, rounded up to seconds, is over.
func (k *process) Stop(ctx context.Context, grace time.Duration) error {
	k.isEnding()
	seconds := int((grace + time.Second - 1) / time.Second)
	err := k.engine.api.ContainerStop(ctx, k.id, container.StopOptions{Signal: "SIGTERM", Timeout: &seconds})
	if err != nil && !errdefs.IsConflict(err) && !errdefs.IsNotModified(err) {
		return err
	}
	return k.redirect(ctx, nobody)
}

// isEnding notes that we end this incarnation, where it has not ended.
func (k *process) isEnding() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if slices.Contains(k.running, k) {
		k.acts.end()
	}
}

// nobody is an address in the mesh's own container where nobody listens.
const nobody = "127.0.0.1:9"

// redirect lets the edges into an instance lead to another address. With a container its address
// vanishes and connections to it would hang; with a process that was killed its port is closed, and
// they are refused at once. A crash is the latter, on every engine.
func (i *instance) redirect(ctx context.Context, address string) error {
	for _, edge := range i.Plan.Edges {
		if edge.To != i.place.name() || !i.isOpen(edge.Name) { // one that is opened later leads to the container by itself
			continue
		}
		to := address
		if address != nobody {
			to = engine.AddressOver(address, i.place.instance.Node, edge)
		}
		if err := i.mesh.SetUpstream(ctx, edge.Name, to); err != nil {
			return fmt.Errorf("lead %s to %s: %w", edge.Name, to, err)
		}
	}
	return nil
}

// Limit gives the container that many CPUs.
func (k *process) Limit(ctx context.Context, cores float64) error { return k.setLimit(ctx, cores) }

func (i *instance) setLimit(ctx context.Context, cores float64) error {
	if cores == i.limit {
		return nil
	}
	resources := container.Resources{NanoCPUs: nanoCPUs(cores)}
	if cores == 0 {
		// To the engine 0 means "leave it": as many CPUs as there are is no limit.
		all, err := i.engine.cpus(ctx)
		if err != nil {
			return err
		}
		resources.NanoCPUs = nanoCPUs(float64(all))
	}
	if err := i.update(ctx, resources); err != nil {
		return err
	}
	i.limit = cores
	return nil
}

// update changes the container's limits.
func (i *instance) update(ctx context.Context, to container.Resources) error {
	return i.acts.ask(events.ActionUpdate, func() error {
		_, err := i.engine.api.ContainerUpdate(ctx, i.id, container.UpdateConfig{Resources: to})
		return err
	})
}

// LimitMemory gives the container that many bytes.
func (k *process) LimitMemory(ctx context.Context, bytes int64) error { return k.setMemory(ctx, bytes) }

func (i *instance) setMemory(ctx context.Context, bytes int64) error {
	if bytes == i.memory {
		return nil
	}
	limit := bytes
	if limit == 0 {
		var err error
		if limit, err = i.ownMemory(ctx); err != nil {
			return err
		}
	}
	// Swap would turn a memory limit into slowness.
	err := i.update(ctx, container.Resources{Memory: limit, MemorySwap: limit})
	if err != nil && strings.Contains(err.Error(), "device or resource busy") {
		return fmt.Errorf("it uses more than that already, and the kernel takes no such limit (cgroup v1): use more, or let it begin before there is load: %w", err)
	}
	if err != nil {
		return err
	}
	i.memory = bytes
	return nil
}

// ownMemory is what the container has without a fault. To the engine 0 means "leave it": as much as there is is no limit.
func (i *instance) ownMemory(ctx context.Context) (int64, error) {
	switch n := i.place.instance.Node; {
	case n.Memory > 0:
		return n.Memory, nil
	case !i.place.image():
		return builtinMemory, nil
	}
	return i.engine.Memory(ctx)
}

// Resolve has names looked up so by the container.
func (k *process) Resolve(ctx context.Context, to map[string]faults.NameLookup) error {
	if !k.place.resolves {
		return errors.New("it was launched with the container engine's own resolver, since its plan has no dns fault for it")
	}
	return k.mesh.SetLookups(ctx, k.place.resolver(), to)
}

// Resolved is how many of its lookups were answered so.
func (k *process) Resolved(ctx context.Context) (int64, error) {
	return k.mesh.Lookups(ctx, k.place.resolver())
}
