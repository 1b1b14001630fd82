package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/runner/instant"
	"github.com/squallhq/squall/scenarios/topology"
)

// system is a running topology, on any engine.
type system struct {
	driver Driver
	plan   *topology.Plan
	run    string
	// authority makes the nodes' certificates; nil: they have none.
	authority *authority.Authority
	testbed   Testbed
	layout    Layout
	mesh      mesh.Control

	instances []*instance
	byName    map[string]*instance

	readings   oneByOne // of the mesh
	injections atomic.Int64
	deaths     chan error
	touches    chan runner.Touch
	// withdrawLoads tells the loads that an instance goes or is back; nil: nobody is told.
	withdrawLoads func(instance string, out bool)
	watches       sync.WaitGroup
	// moves are those of instances to other machines.
	moves sync.WaitGroup
	// abort ends the launch that is under way.
	abort atomic.Pointer[context.CancelCauseFunc]

	// lifetime ends when it is taken down.
	lifetime context.Context
	end      context.CancelFunc

	mu sync.Mutex // guards what follows
	// seen and changes are what others have done to instances and to the mesh.
	seen    []seen
	changes []mesh.Change
	// edges by name, as they were opened.
	edges map[string]mesh.Edge
	// withdrawn are the instances whose callers are told that they end, drained those whose machines are, or were.
	withdrawn, drained map[string]bool
	// lookups are how loads look up their edges' callees, by edge; the newest counts.
	lookups map[string][]*lookups
	// onLookup is told when they change, with the lock; nil: nobody is.
	onLookup func(edge string, to *faults.NameLookup)

	downOnce sync.Once
	downErr  error
}

var (
	_ runner.Reachable = (*system)(nil)
	_ runner.Keeper    = (*system)(nil)
)

// Keep is the testbed's, where it has one.
func (s *system) Keep() instant.Keep {
	if t, is := s.testbed.(Keeping); is {
		return t.Keep
	}
	return nil
}

// Dial connects to an edge's listener, as its caller would.
func (s *system) Dial(ctx context.Context, edge string) (net.Conn, error) {
	e, ok := s.edge(edge)
	if !ok {
		return nil, fmt.Errorf("dial edge %q: there is no such edge", edge)
	}
	if err := s.lookUp(ctx, edge); err != nil {
		return nil, fmt.Errorf("dial edge %q: %w", edge, err)
	}
	return s.testbed.Dial(ctx, e.Listen)
}

// Reach is where other processes dial a client edge; "" where everything is in this one.
func (s *system) Reach(edge string) (string, error) {
	e, ok := s.edge(edge)
	if !ok {
		return "", fmt.Errorf("reach edge %q: there is no such edge", edge)
	}
	if t, is := s.testbed.(Reached); is {
		return t.Reach(e.Listen)
	}
	return "", nil
}

// edge is one that was opened.
func (s *system) edge(name string) (mesh.Edge, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.edges[name]
	return e, ok
}

// DialInstance connects to an instance itself, past its edges.
func (s *system) DialInstance(ctx context.Context, name string) (net.Conn, error) {
	i, ok := s.byName[name]
	if !ok {
		return nil, fmt.Errorf("dial instance %q: there is no such instance", name)
	}
	return s.testbed.Dial(ctx, i.address())
}

// Died receives an error when an instance, or the mesh, ended and nobody had ended it.
func (s *system) Died() <-chan error { return s.deaths }

// died tells of an end that nobody wanted, and ends a launch that is under way.
func (s *system) died(err error) {
	s.tellDeath(err)
	if abort := s.abort.Load(); abort != nil {
		(*abort)(err)
	}
}

// edgesInto are the plan's edges into an instance, in its order.
func (s *system) edgesInto(instance string) []topology.Edge {
	var out []topology.Edge
	for _, e := range s.plan.Edges {
		if e.To == instance {
			out = append(out, e)
		}
	}
	return out
}

// DownGrace is how long what is left may take to end by itself when a run is taken down.
const DownGrace = time.Second

// errDown is the answer to whoever uses a system that was taken down.
var errDown = errors.New("the system has been taken down")

// Down ends and removes everything. A second call waits for the first and returns the same.
func (s *system) Down(ctx context.Context) error {
	s.downOnce.Do(func() { s.downErr = s.down(ctx) })
	return s.downErr
}

func (s *system) down(ctx context.Context) error {
	s.end()
	s.moves.Wait() // what they make is there then, and known
	// No fault acts on an instance from here on, and none is being started.
	left := make([]Process, len(s.instances))
	var ending sync.WaitGroup
	for n, i := range s.instances {
		ending.Go(func() { left[n] = i.leave(ctx) })
	}
	ending.Wait()
	var running []Process
	for _, p := range left {
		if p != nil {
			running = append(running, p)
		}
	}
	err := s.testbed.Down(ctx, running)
	for _, i := range s.instances {
		i.client.CloseIdleConnections()
	}
	s.watches.Wait()
	return err
}

// StopAll lets processes finish what they have, all at once, for DownGrace at most.
func StopAll(ctx context.Context, left []Process) error {
	errs := make([]error, len(left))
	var ending sync.WaitGroup
	for n, p := range left {
		ending.Go(func() { errs[n] = p.Stop(ctx, DownGrace) })
	}
	ending.Wait()
	return errors.Join(errs...)
}
