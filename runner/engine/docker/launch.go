package docker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios/topology"
)

const (
	// atOnce bounds how many calls of one sort the engine gets at the same time: it serialises much
	// of its work, and beyond this only the waiting grows.
	atOnce = 8
	// launchAttempts bounds how often addresses are chosen anew.
	launchAttempts = 4
	// downTimeout bounds the removal of a run.
	downTimeout = 2 * time.Minute
)

// Check says why a plan can't run in containers.
func (e *Engine) Check(plan *topology.Plan) error {
	var problems []error
	for _, i := range plan.Instances {
		if err := checkNode(i); err != nil {
			problems = append(problems, err)
		}
	}
	for _, f := range plan.Faults {
		for _, p := range f.Primitives {
			if err := checkPrimitive(plan, p); err != nil {
				problems = append(problems, fmt.Errorf("fault %q: %w", f.Fault.Kind.String(), err))
			}
		}
	}
	free := newSubnets(e.options.Range, nil, "")
	if _, err := newLayout(plan, free.take); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// minimumMemory is the least that the engine accepts as a limit.
const minimumMemory = 6 << 20

func checkNode(i topology.Instance) error {
	n := i.Node
	if n.Memory != 0 && n.Memory < minimumMemory {
		return fmt.Errorf("node %q: memory: %d bytes is too little for a container; the least is 6MB", n.Name, n.Memory)
	}
	if n.CPUs < 0 || n.CPUs > 0 && n.CPUs < 0.01 {
		return fmt.Errorf("node %q: cpus: %g can't be given to a container; the least is 0.01", n.Name, n.CPUs)
	}
	if port := servingPort(n); port < 1 || port > 65535 {
		return fmt.Errorf("node %q: port: %d is none", n.Name, port)
	}
	if n.Image == "" && n.Kind == "image" {
		return fmt.Errorf("node %q: it is of kind image and names none", n.Name)
	}
	return nil
}

func checkPrimitive(plan *topology.Plan, p faults.Primitive) error {
	switch p.Op {
	case faults.OpToxic, faults.OpOutage:
		return nil // the mesh says so when it can't
	case faults.OpKill, faults.OpPause, faults.OpCPU, faults.OpBehave, faults.OpAsk, faults.OpConfigure, faults.OpStop:
	default:
		return fmt.Errorf("the docker engine does not know the action %q", p.Op)
	}
	i, known := plan.Instance(p.Instance)
	switch {
	case !known:
		return fmt.Errorf("there is no instance %q", p.Instance)
	case p.Op == faults.OpBehave && i.Node.Image != "":
		return fmt.Errorf("%s runs the image %s, whose answers can't be changed from outside; only built-in nodes can misbehave", p.Instance, i.Node.Image)
	case p.Op == faults.OpAsk && i.Node.Image != "":
		return fmt.Errorf("%s runs the image %s, which can't be asked for anything; only built-in nodes can", p.Instance, i.Node.Image)
	case p.Op == faults.OpConfigure && i.Node.Image != "":
		return fmt.Errorf("%s runs the image %s, whose configuration is its own; only built-in nodes can be changed", p.Instance, i.Node.Image)
	case p.Op == faults.OpCPU && p.CPUs < 0.01:
		return fmt.Errorf("limit %s to %g CPUs: the least is 0.01", p.Instance, p.CPUs)
	}
	return nil
}

// launching is a launch under way.
type launching struct {
	*system
	image string
	// slots bound calls to the engine.
	networkSlots, createSlots, startSlots chan struct{}
	// meshReady is closed when the mesh answers.
	meshReady chan struct{}
}

// Launch starts everything and returns when every instance is healthy. Where another run took the
// same addresses at the same moment it is all done again with others.
func (e *Engine) Launch(ctx context.Context, l runner.Launch) (runner.System, error) {
	if err := os.MkdirAll(filepath.Join(l.Dir, "logs"), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of logs: %w", err)
	}
	for attempt := 1; ; attempt++ {
		s, err := e.launch(ctx, l, attempt)
		if err == nil {
			return s, nil
		}
		if attempt == launchAttempts || !subnetTaken(err) {
			return nil, err
		}
		l.Progress("another run took the same addresses; starting again with others")
	}
}

// launch is one attempt. If it fails, it leaves nothing behind.
func (e *Engine) launch(ctx context.Context, l runner.Launch, attempt int) (*system, error) {
	networks, err := e.api.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, e.unavailable(err)
	}
	free := newSubnets(e.options.Range, append(networkPrefixes(networks), hostPrefixes()...), fmt.Sprint(l.Run, attempt))
	places, err := newLayout(l.Plan, free.take)
	if err != nil {
		return nil, err
	}
	s := newSystem(e, l, places)
	launch := &launching{
		system: s, meshReady: make(chan struct{}),
		networkSlots: make(chan struct{}, atOnce), createSlots: make(chan struct{}, atOnce), startSlots: make(chan struct{}, atOnce),
	}
	if err := launch.all(ctx); err != nil {
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
		defer cancel()
		return nil, errors.Join(err, s.Down(down))
	}
	return s, nil
}

// all makes everything, each part as soon as what it needs is there.
func (l *launching) all(ctx context.Context) error {
	if err := l.watch(ctx); err != nil {
		return err
	}
	l.progress("making the image of the nodes")
	var err error
	if l.image, err = l.engine.ensureImage(ctx); err != nil {
		return err
	}
	if err := l.pullImages(ctx); err != nil {
		return err
	}
	l.progress(fmt.Sprintf("starting %d containers and their networks", len(l.layout.places)+1))
	group, ctx := errgroup.WithContext(ctx)
	// A member that dies ends the launch, whatever is being waited for.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// The mesh's network before all others, which wait in a queue: every instance needs the mesh.
	control, err := l.makeNetwork(ctx, "control", l.layout.control, false)
	if err != nil {
		return err
	}
	group.Go(func() error { return l.startMesh(ctx, control) })
	for _, m := range l.members {
		group.Go(func() error {
			if err := l.startMember(ctx, m); err != nil {
				return fmt.Errorf("start %s: %w", m.name(), err)
			}
			return nil
		})
	}
	done := make(chan error, 1)
	go func() { done <- group.Wait() }()
	select {
	case err := <-done:
		return err
	case died := <-l.died:
		cancel(died)
		<-done
		return died
	}
}

// slot waits for a turn and returns what gives it back.
func slot(ctx context.Context, slots chan struct{}) (func(), error) {
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (l *launching) name(what string) string { return "squall-" + l.run + "-" + what }

// makeNetwork makes one network.
func (l *launching) makeNetwork(ctx context.Context, what string, s subnet, internal bool) (string, error) {
	release, err := slot(ctx, l.networkSlots)
	if err != nil {
		return "", err
	}
	defer release()
	return l.engine.createNetwork(ctx, l.name(what), s, internal, l.labels(what))
}

// startMesh starts the mesh on the control network, waits until it answers, and opens the loads' edges.
func (l *launching) startMesh(ctx context.Context, control string) (err error) {
	token := rand.Text()
	s := meshSpec(l.name("mesh"), l.image, l.layout.control, token, l.plan.Seed, l.labels("mesh"))
	s.network = control
	if l.meshID, err = l.create(ctx, s); err != nil {
		return err
	}
	log := l.follow("mesh", l.meshID)
	if err := l.engine.start(ctx, l.meshID); err != nil {
		return fmt.Errorf("start the mesh container: %w", err)
	}
	log.started()
	if err := l.reach(ctx, token); err != nil {
		return err
	}
	close(l.meshReady)
	if _, err := l.mesh.Open(ctx, l.layout.clients); err != nil {
		return fmt.Errorf("open the edges of the loads: %w", err)
	}
	return nil
}

// startMember makes an instance's networks and its container, and starts it when what it calls is healthy.
func (l *launching) startMember(ctx context.Context, m *member) error {
	networks, err := l.makeNetworks(ctx, m)
	if err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	group.Go(func() error { return l.joinMesh(inner, m, networks) })
	group.Go(func() error { return l.createMember(inner, m, networks) })
	if err := group.Wait(); err != nil {
		return err
	}
	for _, name := range m.place.after {
		select {
		case <-l.byName[name].healthy:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	release, err := slot(ctx, l.startSlots)
	if err != nil {
		return err
	}
	err = l.engine.start(ctx, m.id)
	release()
	if err != nil {
		return err
	}
	m.log.started()
	if err := l.awaitHealth(ctx, m); err != nil {
		return err
	}
	l.progress(m.name() + " is healthy")
	close(m.healthy)
	return nil
}

// create makes a container. Another squall may have cleaned up our image as one that nobody uses,
// in the moment before somebody did: then it is made again.
func (l *launching) create(ctx context.Context, s spec) (string, error) {
	id, err := l.engine.create(ctx, s)
	if !errdefs.IsNotFound(err) || s.config.Image != l.image {
		return id, err
	}
	if _, err := l.engine.ensureImage(ctx); err != nil {
		return "", err
	}
	return l.engine.create(ctx, s)
}

func (l *launching) makeNetworks(ctx context.Context, m *member) ([]string, error) {
	var ids []string
	for n, link := range m.place.links {
		what := m.name()
		if n > 0 {
			what += "." + strconv.Itoa(n+1)
		}
		id, err := l.makeNetwork(ctx, what, link.subnet, true)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// joinMesh puts the mesh on an instance's networks and opens the edges that it calls over.
func (l *launching) joinMesh(ctx context.Context, m *member, networks []string) error {
	select {
	case <-l.meshReady:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for n, link := range m.place.links {
		if err := l.engine.connect(ctx, networks[n], l.meshID, link.subnet.mesh().String(), link.aliases); err != nil {
			return fmt.Errorf("join the mesh: %w", err)
		}
	}
	if len(m.place.out) > 0 {
		if _, err := l.mesh.Open(ctx, m.place.out); err != nil {
			return fmt.Errorf("open its edges: %w", err)
		}
	}
	for _, g := range m.place.groups {
		if _, err := l.mesh.OpenGroup(ctx, g); err != nil {
			return fmt.Errorf("open %s for its calls: %w", g.Listen, err)
		}
	}
	return nil
}

func (l *launching) createMember(ctx context.Context, m *member, networks []string) error {
	release, err := slot(ctx, l.createSlots)
	if err != nil {
		return err
	}
	defer release()
	var s spec
	if m.place.image() {
		s = imageSpec(m.place, l.name(m.name()), l.labels(m.name()))
	} else {
		s = nodeSpec(m.place, l.name(m.name()), l.image, l.run, l.plan.Seed, l.labels(m.name()))
	}
	s.network = networks[0]
	if m.id, err = l.create(ctx, s); err != nil {
		return err
	}
	m.log = l.follow(m.name(), m.id)
	for n, id := range networks[1:] {
		if err := l.engine.connect(ctx, id, m.id, m.place.links[n+1].subnet.node().String(), nil); err != nil {
			return err
		}
	}
	return nil
}
