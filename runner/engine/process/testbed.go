package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults/mesh/remote"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/family"
	"github.com/squallhq/squall/runner/lease"
)

// testbed is one run's processes and files.
type testbed struct {
	engine.Run
	options Options
	exe     string
	// temp is the run's own folder with the instances' data; logs is where their words go.
	temp, logs string
	lease      *lease.Lease
	spawner    *family.Spawner
	layout     engine.Layout
	// addresses are what local commands are given, grounds where each of them runs.
	addresses *addresses
	grounds   map[string]*ground
	kin       kin
	mu        sync.Mutex // guards where the grounds find their callees
	// reserved keep the instances' ports also while they are killed.
	reserved []*reservation
	// meshed is the mesh's process; nil: the mesh is in this one. watched is closed when nobody waits for its end any more.
	meshed *child
	// api is where it answers toxiproxy's API, "" where it does not.
	api     string
	watched chan struct{}
	ending  atomic.Bool
}

var _ engine.Testbed = (*testbed)(nil)

// Up makes the run's folder, reserves a port for everything that listens, and starts the mesh.
func (e *Engine) Up(ctx context.Context, r engine.Run) (_ engine.Testbed, err error) {
	exe, err := e.exe()
	if err != nil {
		return nil, err
	}
	t := &testbed{Run: r, options: e.o, exe: exe}
	if t.lease, err = lease.Take(r.Run); err != nil {
		return nil, err
	}
	t.spawner, t.addresses, t.grounds = family.NewSpawner(), newAddresses(r.Run), map[string]*ground{}
	if err = t.up(ctx); err != nil {
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
		defer cancel()
		return nil, errors.Join(err, t.Down(down, nil))
	}
	return t, nil
}

// cleanupTimeout bounds taking down what had begun to go up.
const cleanupTimeout = 30 * time.Second

func (t *testbed) up(ctx context.Context) (err error) {
	if t.temp, err = t.lease.TempDir(); err != nil {
		return err
	}
	t.logs = filepath.Join(t.temp, "logs")
	if t.Dir != "" {
		t.logs = filepath.Join(t.Dir, "logs")
	}
	if err := os.MkdirAll(t.logs, 0o755); err != nil {
		return fmt.Errorf("make the folder for logs: %w", err)
	}
	if err := t.lay(); err != nil {
		return err
	}
	if err := t.startMesh(ctx); err != nil {
		return err
	}
	if len(t.grounds) > 0 {
		t.layout.Mesh = grouped{t.layout.Mesh, t}
	}
	return nil
}

// lay gives every instance its folder and its ports. The mesh's edges take any.
func (t *testbed) lay() error {
	t.layout = engine.Layout{Places: map[string]engine.Place{}, Listen: map[string]string{}, Health: t.options.Health}
	for _, i := range t.Plan.Instances {
		if i.Node.External != nil {
			t.layout.Places[i.Name] = engine.Place{Address: t.External[i.Node.Name].String()}
			continue
		}
		if i.Node.Local != nil {
			if err := t.layLocal(i); err != nil {
				return err
			}
			continue
		}
		place := engine.Place{Data: filepath.Join(t.temp, "data", i.Name)}
		if err := os.MkdirAll(place.Data, 0o700); err != nil {
			return fmt.Errorf("make the data folder of %q: %w", i.Name, err)
		}
		for _, address := range []*string{&place.Listen, &place.Admin} {
			r, free, err := reserve()
			if err != nil {
				return fmt.Errorf("place %q: %w", i.Name, err)
			}
			t.reserved = append(t.reserved, r)
			*address = free
		}
		place.Address = place.Listen
		t.layout.Places[i.Name] = place
	}
	for _, e := range t.Plan.Edges {
		t.layout.Listen[e.Name] = t.listensAt(e)
	}
	return nil
}

// startMesh starts the mesh as a child, or makes it here where the options say so.
func (t *testbed) startMesh(ctx context.Context) error {
	if t.options.Mesh != nil {
		t.layout.Mesh = t.options.Mesh(t.Plan.Seed)
		return nil
	}
	config := remote.Config{Control: "127.0.0.1:0", Token: rand.Text(), Seed: t.Plan.Seed}
	if t.options.API != NoAPI {
		config.API = t.options.API
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.options.Health, fmt.Errorf("it was not healthy within %s", t.options.Health))
	defer cancel()
	var addresses remote.Addresses
	k, err := t.command("mesh", "mesh", config).start(ctx, t.spawner, t.lease, &addresses)
	if err != nil {
		return err
	}
	t.meshed = k
	t.layout.Mesh = remote.NewClient(addresses.Control, config.Token, nil)
	t.watched = make(chan struct{})
	go t.watch(k)
	go k.lookOut(t.Notice)
	if addresses.API != "" {
		t.Progress("toxiproxy's API: http://" + addresses.API)
	}
	t.api = addresses.API
	return nil
}

// API is where toxiproxy's API answers.
func (t *testbed) API() string { return t.api }

// watch tells of the mesh's end, unless the run is being taken down.
func (t *testbed) watch(k *child) {
	defer close(t.watched)
	<-k.ended
	if !t.ending.Load() {
		t.Died(k.name, k.err, k.LastWords())
	}
}

// command is a child of this run in one of the roles node and mesh.
func (t *testbed) command(name, role string, config any) command {
	return command{
		name: name, exe: t.exe, run: t.Run.Run, log: filepath.Join(t.logs, name+".log"),
		args: append(slices.Clone(t.options.Args), role, "--config", "-"), config: config,
	}
}

// Layout is where everything is. Where ports can't be reserved, a place is told when its instance has started.
func (t *testbed) Layout() engine.Layout { return t.layout }

// Reach is the address itself: it is one of this machine.
func (t *testbed) Reach(address string) (string, error) { return address, nil }

// Dial connects on this machine.
func (t *testbed) Dial(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

// Start starts an instance's process, which listens when it returns. One that starts again and finds its port taken gets
// any free one.
func (t *testbed) Start(ctx context.Context, p engine.Placed) (engine.Process, error) {
	if p.Node.Local != nil {
		return t.startLocal(p)
	}
	k, err := t.start(ctx, p)
	if err == nil || !p.Restart || ctx.Err() != nil {
		return k, err
	}
	p.Config.Listen, p.Config.Admin = "127.0.0.1:0", "127.0.0.1:0"
	k, again := t.start(ctx, p)
	if again != nil {
		return nil, errors.Join(err, again)
	}
	return k, nil
}

func (t *testbed) start(ctx context.Context, p engine.Placed) (engine.Process, error) {
	i := &instance{}
	k, err := t.command(p.Name, "node", p.Config).start(ctx, t.spawner, t.lease, &i.addresses)
	if err != nil {
		return nil, err
	}
	i.child = k
	go k.lookOut(t.Notice)
	return i, nil
}

// CPU is the mesh's, where it has a process of its own.
func (t *testbed) CPU(context.Context) (time.Duration, bool) {
	if t.meshed == nil {
		return 0, false
	}
	return family.CPUTime(t.meshed.cmd.Process.Pid), true
}

// Down ends all instances and the mesh, callers first where they take their time, and removes the run's temporary folder.
func (t *testbed) Down(ctx context.Context, left []engine.Process) error {
	var errs []error
	t.ending.Store(true)
	_ = engine.StopAll(ctx, left) // a child always ends
	if t.layout.Mesh != nil {
		err := t.layout.Mesh.Close()
		if t.meshed == nil {
			errs = append(errs, err)
		} else {
			_ = t.meshed.Stop(ctx, engine.DownGrace) // a mesh that can't be asked any more is killed
			<-t.watched
		}
	}
	t.spawner.Close()
	for _, r := range t.reserved {
		r.release()
	}
	if err := os.RemoveAll(t.temp); err != nil {
		errs = append(errs, fmt.Errorf("remove the run's temporary folder: %w", err))
		return errors.Join(errs...) // the lease stays, so that a later start finds the folder
	}
	return errors.Join(append(errs, t.lease.Release())...)
}
