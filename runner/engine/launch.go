package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/topology"
)

// cleanupTimeout bounds taking down, or back, what something that failed had begun.
const cleanupTimeout = 2 * time.Minute

// Launch brings a plan to life on an engine: it lays it out, then starts the instances level by level, callees first and
// those of one level at once, each when the edges that it calls over are open, and opens the loads' edges
// when all are healthy. If it fails, it leaves nothing behind.
func Launch(ctx context.Context, d Driver, l runner.Launch) (_ runner.System, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := newSystem(ctx, d, l)
	s.abort.Store(&cancel)
	defer s.abort.Store(nil)
	l.Progress = serialised(l.Progress)
	for _, note := range Notes(d, l.Plan) {
		l.Progress(note)
	}
	if s.testbed, err = d.Up(ctx, Run{Launch: l, Died: s.endedUnwanted, Notice: s.notice}); err != nil {
		s.end()
		return nil, err
	}
	defer func() {
		if err != nil {
			down, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
			defer cancel()
			err = errors.Join(err, s.Down(down))
		}
	}()
	s.lay()
	if a, is := s.testbed.(API); is && a.API() != "" {
		s.watches.Go(s.followMesh)
	}
	for level := 0; ; level++ {
		instances := s.level(level)
		if len(instances) == 0 {
			break
		}
		l.Progress("starting " + names(instances))
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := s.startLevel(ctx, instances); err != nil {
			return nil, err
		}
	}
	return s, s.open(ctx, func(e topology.Edge) bool { return e.Client })
}

func newSystem(ctx context.Context, d Driver, l runner.Launch) *system {
	lifetime, end := context.WithCancel(context.WithoutCancel(ctx))
	return &system{
		driver: d, plan: l.Plan, run: l.Run, lifetime: lifetime, end: end,
		byName: map[string]*instance{}, edges: map[string]mesh.Edge{}, withdrawn: map[string]bool{},
		deaths: make(chan error, len(l.Plan.Instances)+2), touches: make(chan runner.Touch, touchesKept),
	}
}

// touchesKept is how much of what others do may wait for somebody to hear of it.
const touchesKept = 64

// lay makes the instances as the testbed has laid them out.
func (s *system) lay() {
	s.layout = s.testbed.Layout()
	s.mesh = s.layout.Mesh
	for _, p := range s.plan.Instances {
		place := s.layout.Places[p.Name]
		i := &instance{
			system: s, plan: p, place: place, addresses: wire.Addresses{Listen: place.Address, Admin: place.Admin},
			client: &http.Client{Transport: &http.Transport{
				DialContext:         s.dialAdmin,
				MaxIdleConnsPerHost: 2, DisableCompression: true,
			}},
		}
		s.instances = append(s.instances, i)
		s.byName[p.Name] = i
	}
}

// serialised makes a progress function one that many goroutines may call.
func serialised(progress func(string)) func(string) {
	var mu sync.Mutex
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		progress(text)
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

// startLevel starts instances at once, and ends the others when one fails.
func (s *system) startLevel(ctx context.Context, instances []*instance) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for _, i := range instances {
		group.Go(func() error {
			err := s.open(groupCtx, func(e topology.Edge) bool { return e.From == i.plan.Name })
			if err == nil {
				i.acts.Lock()
				defer i.acts.Unlock()
				err = i.start(groupCtx, false)
			}
			return err
		})
	}
	return group.Wait()
}

// open opens some of the plan's edges. One whose callee has not started yet leads to where that is going to be.
func (s *system) open(ctx context.Context, which func(topology.Edge) bool) error {
	var edges []mesh.Edge
	for _, e := range s.plan.Edges {
		if which(e) {
			edges = append(edges, mesh.Edge{
				Name: e.Name, Listen: s.layout.Listen[e.Name], Upstream: s.byName[e.To].address(),
				Latency: e.Latency + s.layout.Hop, Jitter: e.Jitter,
			})
		}
	}
	if len(edges) == 0 {
		return nil
	}
	opened, err := s.mesh.Open(ctx, edges)
	if err != nil {
		return fmt.Errorf("open edges: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range opened {
		s.edges[e.Name] = e
	}
	return nil
}

// turn leads the edges into an instance to where it is, where they lead elsewhere.
func (s *system) turn(ctx context.Context, i *instance) error {
	address := i.address()
	for _, e := range s.edgesInto(i.plan.Name) {
		edge, opened := s.edge(e.Name)
		if !opened || edge.Upstream == address {
			continue
		}
		if err := s.mesh.SetUpstream(ctx, e.Name, address); err != nil {
			return fmt.Errorf("turn edge %q to the new address of %q: %w", e.Name, i.plan.Name, err)
		}
		edge.Upstream = address
		s.mu.Lock()
		s.edges[e.Name] = edge
		s.mu.Unlock()
	}
	return nil
}

// upstreams are the addresses that a caller finds its callees at: those of its edges, by the callee's node.
func (s *system) upstreams(caller string) map[string][]node.Upstream {
	out := map[string][]node.Upstream{}
	for _, e := range s.plan.EdgesFrom(caller) {
		callee := s.byName[e.To].plan.Node
		edge, _ := s.edge(e.Name)
		out[e.ToNode] = append(out[e.ToNode], node.Upstream{
			Instance: e.To, Address: edge.Listen, Kind: callee.Kind, Speaks: callee.Speaks(), DSN: callee.Login(), Near: e.Near,
		})
	}
	return out
}
