package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults/mesh/fleet"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/trust"
)

const (
	// healthTimeout bounds how long an instance may take to become healthy: images may have to set up a database.
	healthTimeout = 90 * time.Second
	// podsTimeout bounds how long pods may take until they run: images have to be pulled.
	podsTimeout = 10 * time.Minute
	// downTimeout bounds the removal of a run.
	downTimeout = 2 * time.Minute
)

// testbed is one run's objects.
type testbed struct {
	engine.Run
	engine *Engine
	claim  *claim.Claim
	// client speaks to the cluster in the namespace where the run is.
	client *apiserver.Client
	set    *objects.Set
	pods   []*pod
	byName map[string]*pod
	fleet  *fleet.Fleet

	// owned are the goroutines that live as long as this, which end ends.
	owned  sync.WaitGroup
	living context.Context
	end    context.CancelFunc
	ending atomic.Bool
	direct directly

	// outside is where external nodes are reached: those of rerouted Services, past the reroute.
	outside map[string]netip.AddrPort

	mu sync.Mutex // guards what follows
	// byAddress are the pods by their addresses, opened the edges that their meshes carry.
	byAddress map[string]*pod
	opened    []string
	// elsewhere are the pods in which instances are that have come up on another machine, by instance; moved counts those that there were.
	elsewhere map[string]*pod
	moved     int64
}

var _ engine.Testbed = (*testbed)(nil)

// errDown is the answer to whoever uses a run that was taken down.
var errDown = errors.New("the run has been taken down")

// Up makes the run's objects, and waits until all pods run and their meshes answer.
func (e *Engine) Up(ctx context.Context, r engine.Run) (engine.Testbed, error) {
	if err := os.MkdirAll(filepath.Join(r.Dir, "logs"), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of logs: %w", err)
	}
	for node, at := range r.External {
		if at.Addr().IsLoopback() {
			return nil, fmt.Errorf("external node %q at %s is this machine's own, which a cluster does not reach; let it listen on an address that the cluster does, or use --engine process", node, at)
		}
	}
	t := &testbed{Run: r, engine: e, byName: map[string]*pod{}, byAddress: map[string]*pod{}, elsewhere: map[string]*pod{}, outside: maps.Clone(r.External)}
	t.living, t.end = context.WithCancel(context.WithoutCancel(ctx))
	e.mu.Lock()
	e.runs[r.Run] = t
	e.mu.Unlock()
	if err := t.up(ctx); err != nil {
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		return nil, errors.Join(err, t.Down(down, nil))
	}
	return t, nil
}

func (t *testbed) up(ctx context.Context) (err error) {
	if err = t.own(ctx); err != nil {
		return err
	}
	t.owned.Go(func() {
		if err := t.claim.Keep(t.living); err != nil && !t.ending.Load() {
			t.Died("the claim of the run", err, "")
		}
	})
	o := t.engine.objects(t.Plan, t.Run.Run)
	o.Namespace = t.client.Namespace
	owner := t.claim.Reference()
	o.Owner, o.Token = &owner, t.token
	if o.Rerouted, err = t.toReroute(ctx); err != nil {
		return err
	}
	if t.set, err = objects.Make(t.Plan, o); err != nil {
		return err
	}
	for _, p := range t.set.Layout.All() {
		one := newPod(t, p)
		t.pods = append(t.pods, one)
		t.byName[p.Name] = one
	}
	t.Progress(fmt.Sprintf("making %d pods in namespace %s", len(t.set.Pods), t.client.Namespace))
	if err := t.make(ctx); err != nil {
		return err
	}
	if err := t.await(ctx); err != nil {
		return err
	}
	return t.join(ctx)
}

// own claims what the run makes, in a namespace of its own where that is wanted.
func (t *testbed) own(ctx context.Context) (err error) {
	o := t.engine.o
	take := claim.Make
	if o.OwnNamespace {
		take = claim.MakeNamespace
	}
	if t.claim, err = take(ctx, o.Client, t.Run.Run, o.Lease); err != nil {
		return err
	}
	t.client = o.Client.In(t.claim.Namespace())
	return nil
}

// token is what who tells a part of a pod must show. That of generators is the same for all runs: who drives them has to know it before.
func (t *testbed) token(instance, part string) string {
	if part == objects.PartGenerator {
		return t.engine.GeneratorToken()
	}
	return t.engine.token(t.Run.Run, instance, part)
}

// join makes one mesh of all of them, and begins to follow what agents tell.
func (t *testbed) join(ctx context.Context) error {
	members := make([]fleet.Member, len(t.pods))
	errs := make([]error, len(t.pods))
	var asking sync.WaitGroup
	for n, p := range t.pods {
		members[n] = fleet.Member{Name: p.place.Name, Scheduled: p.mesh}
		asking.Go(func() { errs[n] = p.answers(ctx) })
	}
	asking.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	var err error
	t.fleet, err = fleet.New(ctx, members, func(edge string) string { return t.set.Layout.Carrier[edge] })
	if err != nil {
		return fmt.Errorf("compare the clocks of the pods: %w", err)
	}
	for _, p := range t.pods {
		if p.place.Instance.Node != nil {
			p.followAll()
		}
	}
	t.owned.Go(t.watch)
	return nil
}

// Layout is where everything is.
func (t *testbed) Layout() engine.Layout {
	l := engine.Layout{
		Mesh: carried{t.fleet, t}, Places: map[string]engine.Place{}, Listen: t.set.Layout.Listen, Health: healthTimeout, Roots: trust.Roots(),
	}
	for _, i := range t.Plan.Instances {
		if i.Node.External != nil {
			l.Places[i.Name] = engine.Place{Address: t.outside[i.Node.Name].String()}
			continue
		}
		p := t.byName[i.Name]
		l.Places[i.Name] = engine.Place{
			Listen: ":" + strconv.Itoa(p.place.Serves), Admin: net.JoinHostPort("127.0.0.1", strconv.Itoa(p.place.Admin)),
			Data: objects.DataFolder + "/node", Address: p.at(p.place.Serves),
		}
	}
	return l
}

// Dial connects to an address of a pod, by way of the mesh that is in it.
func (t *testbed) Dial(ctx context.Context, address string) (net.Conn, error) {
	if t.ending.Load() {
		return nil, errDown
	}
	host, number, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	p := t.byAddress[host]
	t.mu.Unlock()
	if p == nil { // what is external, or nobody's
		return t.caller(host).mesh.DialVia(ctx, address)
	}
	port, err := strconv.Atoi(number)
	if err != nil {
		return nil, err
	}
	return p.dial(ctx, port)
}

// caller is a pod that calls what is external at a host, and so may; any one, where none does.
func (t *testbed) caller(host string) *pod {
	for _, e := range t.Plan.Edges {
		if i, _ := t.Plan.Instance(e.To); i.Node != nil && i.Node.External != nil && t.outside[i.Node.Name].Addr().String() == host {
			return t.byName[t.set.Layout.Carrier[e.Name]]
		}
	}
	return t.pods[0]
}

var _ engine.Reached = (*testbed)(nil)

// Reach is where a generator of the run's, which is in the cluster, dials an edge; one of the conductor's machine can't where that is outside.
func (t *testbed) Reach(listen string) (string, error) {
	if t.set.Generators == nil && !t.direct.is {
		return "", errors.New("processes of this machine don't reach pods; have pods send the loads (--generators)")
	}
	return listen, nil
}

var _ engine.Machined = (*testbed)(nil)

// Beside are the instances on the machine of one, in the plan's order.
func (t *testbed) Beside(instance string) (instances []string, machine string) {
	machine = t.where(instance)
	for _, p := range t.set.Layout.Places {
		if t.where(p.Name) == machine {
			instances = append(instances, p.Name)
		}
	}
	return instances, machine
}

// on is the machine of a pod.
func (p *pod) on() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.machine
}

// Start begins an incarnation of an instance by the agent in its pod.
func (t *testbed) Start(ctx context.Context, p engine.Placed) (engine.Process, error) {
	home, in := t.byName[p.Name], t.in(p.Name)
	if in != home {
		p = home.from(p)
	}
	one, err := in.start(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", p.Name, err)
	}
	return one, nil
}

// Down removes everything of the run.
func (t *testbed) Down(ctx context.Context, _ []engine.Process) error {
	t.ending.Store(true)
	t.engine.mu.Lock()
	delete(t.engine.runs, t.Run.Run)
	t.engine.mu.Unlock()
	err := t.giveBack(ctx)
	if t.claim != nil {
		err = errors.Join(err, t.claim.Release(ctx))
	}
	t.end()
	t.owned.Wait()
	for _, p := range slices.Concat(t.pods, slices.Collect(maps.Values(t.elsewhere))) {
		p.close()
	}
	if err != nil {
		return fmt.Errorf("remove run %s: %w", t.Run.Run, err)
	}
	return nil
}
