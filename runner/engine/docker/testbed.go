package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/network"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/names"
	"github.com/squallhq/squall/faults/mesh/remote"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/docker/imagenode"
	"github.com/squallhq/squall/runner/engine/owner"
	"github.com/squallhq/squall/runner/engine/trust"
)

const (
	// launchAttempts bounds how often addresses are chosen anew.
	launchAttempts = 4
	// downTimeout bounds the removal of a run.
	downTimeout = 2 * time.Minute
	// healthTimeout bounds how long an instance may take to become healthy: images may have to set up a database.
	healthTimeout = 90 * time.Second
)

// Launch starts everything and returns when every instance is healthy. Where another run took the
// same addresses at the same moment it is all done again with others.
func (e *Engine) Launch(ctx context.Context, l runner.Launch) (runner.System, error) {
	for number := 1; ; number++ {
		s, err := engine.Launch(ctx, attempt{e, number}, l)
		if err == nil {
			return s, nil
		}
		if number == launchAttempts || !subnetTaken(err) {
			return nil, err
		}
		l.Progress("another run took the same addresses; starting again with others")
	}
}

// attempt is an Engine that launches for the so manieth time: each time with other addresses.
type attempt struct {
	*Engine
	number int
}

var _ engine.Driver = attempt{}

// meshControl is the mesh as the engine uses it.
type meshControl interface {
	mesh.Control
	DialVia(ctx context.Context, address string) (net.Conn, error)
	Forward(ctx context.Context, listener net.Listener, address string) error
	Space(ctx context.Context, held string) (remote.Space, error)
	OpenNames(ctx context.Context, address string, entries map[string]names.Entry) error
	SetLookups(ctx context.Context, address string, to map[string]faults.NameLookup) error
	Lookups(ctx context.Context, address string) (int64, error)
	Disconnect()
}

var _ meshControl = (*remote.Client)(nil)

// testbed is one run's networks and containers.
type testbed struct {
	engine.Run
	engine  *Engine
	layout  *layout
	expires time.Time
	// image is that of the built-in nodes.
	image string
	// built are those that were built, by node.
	built map[string]string
	// volumes names those of the images.
	volumes imagenode.Namer

	instances []*instance
	byName    map[string]*instance
	// follows are what was asked of each container, the mesh's too.
	follows map[string]*acts
	meshID  string
	meshCPU cpuMeter
	mesh    meshControl
	// direct tells that client edges are dialled at the mesh container's own address.
	direct bool
	// external are where the mesh finds external nodes, by node.
	external map[string]string
	// toxiproxy is where toxiproxy's API listens on this machine.
	toxiproxy string

	// networkSlots, createSlots and startSlots bound calls to the engine, askSlots questions that it takes a second to answer.
	networkSlots, createSlots, startSlots, askSlots chan struct{}
	// making are the goroutines that make networks and containers, which fail ends; owned are those that live as long as
	// this, which end ends.
	making, owned sync.WaitGroup
	fail          context.CancelCauseFunc
	end           context.CancelFunc

	mu   sync.Mutex
	logs []*follower
	// started are the nodes, and the mesh, by the containers of theirs that the engine has told to have started.
	started map[string]string
	// tests are the commands by which the engine tests containers, by their ids.
	tests map[string]string
	// open are the edges that have been opened.
	open map[string]bool
	// closing is closed when no container will be started any more.
	closing chan struct{}
	ending  atomic.Bool
}

var (
	_ engine.Testbed = (*testbed)(nil)
	_ engine.Meter   = (*testbed)(nil)
)

// Up lays the run out on free addresses, starts the mesh, and begins to make all networks and containers, each as
// soon as what it needs is there.
func (a attempt) Up(ctx context.Context, r engine.Run) (engine.Testbed, error) {
	if err := os.MkdirAll(filepath.Join(r.Dir, "logs"), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of logs: %w", err)
	}
	networks, err := a.api.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, a.unavailable(err)
	}
	free := newSubnets(a.options.Range, append(networkPrefixes(networks), hostPrefixes()...), fmt.Sprint(r.Run, a.number))
	places, err := newLayout(r.Plan, free.take)
	if err != nil {
		return nil, err
	}
	t := newTestbed(a.Engine, r, places)
	if err := t.up(ctx); err != nil {
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		return nil, errors.Join(err, t.Down(down, nil))
	}
	return t, nil
}

func newTestbed(e *Engine, r engine.Run, places *layout) *testbed {
	t := &testbed{
		Run: r, engine: e, layout: places,
		// A run takes as long as its plan says; twice that and a day is gone for sure.
		expires: time.Now().Add(2*r.Plan.Total + 24*time.Hour),
		byName:  map[string]*instance{}, follows: map[string]*acts{meshName: {}}, closing: make(chan struct{}),
		started: map[string]string{}, tests: map[string]string{},
		open:         map[string]bool{},
		networkSlots: make(chan struct{}, atOnce), createSlots: make(chan struct{}, atOnce),
		startSlots: make(chan struct{}, atOnce), askSlots: make(chan struct{}, atOnce),
	}
	t.volumes = imagenode.Names(t.name(""), r.Plan)
	for _, p := range places.places {
		i := &instance{testbed: t, place: p, made: make(chan struct{}), id: t.name(p.name()), runs: p.instance.Node.Image, limit: p.instance.Node.CPUs}
		t.instances = append(t.instances, i)
		t.byName[p.name()], t.follows[p.name()] = i, &i.acts
	}
	return t
}

func (t *testbed) up(ctx context.Context) (err error) {
	making, fail := context.WithCancelCause(ctx)
	owned, end := context.WithCancel(context.WithoutCancel(ctx))
	t.fail, t.end = fail, end
	if err := t.watch(ctx, owned); err != nil {
		return err
	}
	t.Progress("making the image of the nodes")
	if t.image, err = t.engine.ensureImage(ctx); err != nil {
		return err
	}
	if err := t.buildImages(ctx); err != nil {
		return err
	}
	if err := t.pullImages(ctx); err != nil {
		return err
	}
	t.Progress(fmt.Sprintf("making %d containers and their networks", len(t.layout.places)+1))
	// The mesh's network before all others, which wait in a queue: every instance needs the mesh.
	control, err := t.makeNetwork(ctx, "control", t.layout.control, false)
	if err != nil {
		return err
	}
	if err := t.reachExternal(owned); err != nil {
		return err
	}
	meshed := make(chan struct{})
	for _, i := range t.instances {
		t.making.Go(func() {
			defer close(i.made)
			if err := i.make(making, meshed); err != nil {
				i.failure = fmt.Errorf("make %q: %w", i.place.name(), err)
				fail(i.failure)
			}
		})
	}
	if err := t.startMesh(making, owned, control); err != nil {
		return err
	}
	close(meshed)
	return nil
}

// reachExternal finds where the mesh reaches external nodes: those of this machine's loopback by a relay on the control network, where
// the machine has an address and the mesh alone is let through.
func (t *testbed) reachExternal(owned context.Context) error {
	t.external = map[string]string{}
	for name, at := range t.External {
		t.external[name] = at.String()
		if !at.Addr().IsLoopback() {
			continue
		}
		relay, err := engine.Relay(owned, &t.owned, t.layout.control.gateway(), t.layout.control.mesh(), at.String())
		if err != nil {
			return fmt.Errorf("let the mesh's container reach external node %q at %s, which is this machine's own: %w; let it listen on another address of the machine, or use --engine process", name, at, err)
		}
		t.external[name] = relay
	}
	return nil
}

func (t *testbed) labels(what string) map[string]string {
	return map[string]string{
		labelRun: t.Run.Run, labelOwner: owner.This().String(), labelNode: what,
		labelExpires: strconv.FormatInt(t.expires.Unix(), 10),
	}
}

// name is a container's or a network's.
func (t *testbed) name(what string) string { return "squall-" + t.Run.Run + "-" + what }

// Layout is where everything is: fixed before anything is made, so that a restart keeps it.
func (t *testbed) Layout() engine.Layout {
	l := engine.Layout{Mesh: joined{t.mesh, t}, Places: map[string]engine.Place{}, Listen: t.layout.listen, Health: healthTimeout, Roots: trust.Roots()}
	for _, i := range t.Plan.Instances {
		if at, is := t.external[i.Node.Name]; is {
			l.Places[i.Name] = engine.Place{Address: at}
		}
	}
	for _, p := range t.layout.places {
		l.Places[p.name()] = engine.Place{
			Listen: "0.0.0.0:" + strconv.Itoa(p.port), Admin: "0.0.0.0:" + strconv.Itoa(p.admin), Data: nodeFolder, Address: p.address(),
		}
	}
	return l
}

// joined is the mesh, which opens a caller's edges when it has joined the caller's networks.
type joined struct {
	meshControl
	t *testbed
}

// Open opens edges, and what images call them by.
func (m joined) Open(ctx context.Context, edges []mesh.Edge) ([]mesh.Edge, error) {
	callers := map[*instance]bool{}
	for _, e := range edges {
		if caller := m.t.byName[m.t.layout.callers[e.Name]]; caller != nil && !callers[caller] {
			callers[caller] = true
			if err := caller.await(ctx); err != nil {
				return nil, err
			}
		}
	}
	opened, err := m.meshControl.Open(ctx, edges)
	if err != nil {
		return nil, err
	}
	m.t.mu.Lock()
	for _, e := range opened {
		m.t.open[e.Name] = true
	}
	m.t.mu.Unlock()
	for caller := range callers {
		for _, g := range caller.place.groups {
			if _, err := m.OpenGroup(ctx, g); err != nil {
				return nil, fmt.Errorf("open %s for the calls of %q: %w", g.Listen, caller.place.name(), err)
			}
		}
		if caller.place.resolves {
			if err := m.OpenNames(ctx, caller.place.resolver(), caller.place.names()); err != nil {
				return nil, fmt.Errorf("open the resolver of %q: %w", caller.place.name(), err)
			}
		}
	}
	return opened, nil
}

// isOpen tells that an edge has been opened.
func (t *testbed) isOpen(edge string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open[edge]
}

// Dial connects to anything by way of the mesh, and to a load's edge at once where the mesh's container can be reached.
func (t *testbed) Dial(ctx context.Context, address string) (net.Conn, error) {
	// What answers at the address of a network that is gone is somebody else.
	if t.ending.Load() {
		return nil, errDown
	}
	if host, _, err := net.SplitHostPort(address); err == nil && t.direct && host == t.layout.control.mesh().String() {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", address)
	}
	return t.mesh.DialVia(ctx, address)
}

// Reach is the address itself where the mesh's container can be reached.
func (t *testbed) Reach(address string) (string, error) {
	if host, _, err := net.SplitHostPort(address); err == nil && t.direct && host == t.layout.control.mesh().String() {
		return address, nil
	}
	return "", errors.New("the containers of this engine can't be reached from this machine at their own addresses, and generators of their own would have to; leave --generators out")
}

// errDown is the answer to whoever uses a run that was taken down.
var errDown = errors.New("the run has been taken down")

// API is where toxiproxy's API answers.
func (t *testbed) API() string { return t.toxiproxy }

// CPU is the mesh's.
func (t *testbed) CPU(ctx context.Context) (time.Duration, bool) {
	return t.meshCPU.read(ctx, t, t.meshID)
}

// Down kills and removes everything of the run, what is left of it all the same.
func (t *testbed) Down(ctx context.Context, _ []engine.Process) error {
	t.ending.Store(true)
	t.fail(errDown)
	t.making.Wait() // nothing is made after its removal
	err := t.engine.killRun(ctx, t.Run.Run)
	// With the containers dead their logs end; the last lines are worth a moment.
	t.endLogs()
	t.end()
	err = errors.Join(err, t.engine.removeRun(ctx, t.Run.Run))
	if t.mesh != nil {
		t.mesh.Disconnect()
	}
	t.owned.Wait()
	for _, i := range t.instances {
		i.settle()
	}
	if err != nil {
		return fmt.Errorf("remove run %s: %w", t.Run.Run, err)
	}
	return nil
}
