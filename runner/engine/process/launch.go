package process

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/lease"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/scenarios/topology"
)

// cleanupTimeout bounds taking down what a failed launch had started.
const cleanupTimeout = 30 * time.Second

// Launch starts the mesh, then the instances level by level, callees first and those of one level at once; the edges into
// a level are opened before its callers start. If it fails, it leaves nothing behind.
func (e *Engine) Launch(ctx context.Context, l runner.Launch) (_ runner.System, err error) {
	s, err := e.newSystem(l)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			down, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
			defer cancel()
			err = errors.Join(err, s.Down(down))
		}
	}()
	if limited := limitedNodes(l.Plan); len(limited) > 0 {
		l.Progress("not enforced without containers: the CPU and memory limits of " + strings.Join(limited, ", "))
	}
	if err := s.startMesh(ctx); err != nil {
		return nil, err
	}
	if err := s.openBack(ctx); err != nil {
		return nil, err
	}
	for level := 0; ; level++ {
		instances := s.level(level)
		if len(instances) == 0 {
			break
		}
		l.Progress("starting " + names(instances))
		if err := s.startLevel(ctx, instances); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// limitedNodes are the nodes with limits that processes can't be held to.
func limitedNodes(p *topology.Plan) []string {
	var out []string
	for _, n := range p.Scenario.Nodes {
		if n.CPUs > 0 || n.Memory > 0 {
			out = append(out, n.Name)
		}
	}
	return out
}

func (e *Engine) newSystem(l runner.Launch) (*system, error) {
	exe, err := e.exe()
	if err != nil {
		return nil, err
	}
	held, err := lease.Take(l.Run)
	if err != nil {
		return nil, err
	}
	temp, err := held.TempDir()
	if err != nil {
		return nil, errors.Join(err, held.Release())
	}
	logs := filepath.Join(temp, "logs")
	if l.Dir != "" {
		logs = filepath.Join(l.Dir, "logs")
	}
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return nil, errors.Join(fmt.Errorf("make the folder for logs: %w", err), os.RemoveAll(temp), held.Release())
	}
	s := &system{
		options: e.o, exe: exe, run: l.Run, plan: l.Plan, progress: l.Progress, temp: temp, logs: logs, lease: held,
		spawner: newSpawner(), edges: map[string]mesh.Edge{}, byName: map[string]*instance{},
		deaths: make(chan error, len(l.Plan.Instances)+1),
	}
	for _, i := range l.Plan.Instances {
		one := newInstance(s, i)
		s.instances = append(s.instances, one)
		s.byName[i.Name] = one
	}
	return s, nil
}

// startMesh starts the mesh as a child, or makes it here where the options say so.
func (s *system) startMesh(ctx context.Context) error {
	if s.options.Mesh != nil {
		s.mesh = s.options.Mesh(s.plan.Seed)
		s.faults = s.injector()
		return nil
	}
	config := mesh.ServeConfig{Control: "127.0.0.1:0", Token: rand.Text(), Seed: s.plan.Seed}
	if s.options.API != NoAPI {
		config.API = s.options.API
	}
	ctx, cancel := s.healthDeadline(ctx)
	defer cancel()
	var addresses mesh.ServeAddresses
	child, err := s.command("mesh", "mesh", config).start(ctx, s.spawner, s.lease, &addresses)
	if err != nil {
		return err
	}
	s.meshChild = child
	s.mesh = mesh.NewClient(addresses.Control, config.Token, nil)
	s.faults = s.injector()
	s.watch(child, func() bool { return true })
	if addresses.API != "" {
		s.progress("toxiproxy's API: http://" + addresses.API)
	}
	return nil
}

// healthDeadline bounds a start.
func (s *system) healthDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.options.Health, fmt.Errorf("it was not healthy within %s", s.options.Health))
}

// command is a child of this system in one of the roles node and mesh.
func (s *system) command(name, role string, config any) command {
	return command{
		name: name, exe: s.exe, run: s.run, log: filepath.Join(s.logs, name+".log"),
		args: append(slices.Clone(s.options.Args), role, "--config", "-"), config: config,
	}
}

// level are the instances of one level.
func (s *system) level(level int) []*instance {
	var out []*instance
	for _, i := range s.instances {
		if i.plan.Level == level {
			out = append(out, i)
		}
	}
	return out
}

// shownNames is how many names words about several instances give.
const shownNames = 6

func names(instances []*instance) string {
	var out []string
	for _, i := range instances[:min(len(instances), shownNames)] {
		out = append(out, i.plan.Name)
	}
	if more := len(instances) - shownNames; more > 0 {
		out = append(out, fmt.Sprintf("%d more", more))
	}
	return strings.Join(out, ", ")
}

func (s *system) startLevel(ctx context.Context, instances []*instance) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for _, i := range instances {
		group.Go(func() error { return i.launch(groupCtx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	var edges []mesh.Edge
	for _, e := range s.plan.Edges {
		to := s.byName[e.To]
		_, early := s.edges[e.Name]
		switch {
		case !slices.Contains(instances, to):
		case early: // it goes where a port was reserved; on some systems that is not known before
			if err := s.mesh.SetUpstream(ctx, e.Name, to.address()); err != nil {
				return fmt.Errorf("turn edge %q to %q: %w", e.Name, e.To, err)
			}
		default:
			edges = append(edges, meshEdge(e, to.address()))
		}
	}
	return s.open(ctx, edges)
}

func meshEdge(e topology.Edge, upstream string) mesh.Edge {
	return mesh.Edge{Name: e.Name, Listen: "127.0.0.1:0", Upstream: upstream, Latency: e.Latency, Jitter: e.Jitter}
}

// openBack opens the edges whose callers start before their callees, so that they have an address by then.
func (s *system) openBack(ctx context.Context) error {
	var edges []mesh.Edge
	for _, e := range s.plan.Edges {
		if !s.plan.Back(e) {
			continue
		}
		to := s.byName[e.To]
		if err := to.reserve(); err != nil {
			return err
		}
		edges = append(edges, meshEdge(e, to.config.Listen))
	}
	return s.open(ctx, edges)
}

func (s *system) open(ctx context.Context, edges []mesh.Edge) error {
	if len(edges) == 0 {
		return nil
	}
	opened, err := s.mesh.Open(ctx, edges)
	if err != nil {
		return fmt.Errorf("open edges: %w", err)
	}
	for _, e := range opened {
		s.edges[e.Name] = e
	}
	return nil
}

// upstreams are the addresses that a caller finds its callees at: those of its edges, by the callee's node.
func (s *system) upstreams(caller string) map[string][]node.Upstream {
	out := map[string][]node.Upstream{}
	for _, e := range s.plan.EdgesFrom(caller) {
		callee := s.byName[e.To].plan.Node
		out[e.ToNode] = append(out[e.ToNode], node.Upstream{
			Instance: e.To, Address: s.edges[e.Name].Listen, Kind: callee.Kind, DSN: callee.DSN, Near: e.Near,
		})
	}
	return out
}

// edgesInto are the names of the edges into an instance.
func (s *system) edgesInto(instance string) []topology.Edge {
	var out []topology.Edge
	for _, e := range s.plan.Edges {
		if e.To == instance {
			out = append(out, e)
		}
	}
	return out
}
