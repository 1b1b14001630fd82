package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/exposed"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
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
	if l.Authority == nil && slices.ContainsFunc(l.Plan.Scenario.Nodes, func(n *scenarios.Node) bool { return n.Certificate != nil }) {
		s.end()
		return nil, errors.New("launch: nodes have certificates of the run's authority, and there is none to make them")
	}
	outside, err := external(ctx, d, l)
	if err != nil {
		s.end()
		return nil, err
	}
	if s.testbed, err = d.Up(ctx, Run{Launch: l, External: outside, Died: s.endedUnwanted, Notice: s.notice, Starved: s.starved}); err != nil {
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
		if err := s.startLevel(ctx, instances, l.Progress); err != nil {
			return nil, err
		}
		if err := s.setUp(ctx, level); err != nil {
			return nil, err
		}
	}
	return s, s.open(ctx, func(e topology.Edge) bool { return e.Client })
}

func newSystem(ctx context.Context, d Driver, l runner.Launch) *system {
	lifetime, end := context.WithCancel(context.WithoutCancel(ctx))
	return &system{
		driver: d, plan: l.Plan, run: l.Run, authority: l.Authority, lifetime: lifetime, end: end,
		byName: map[string]*instance{}, edges: map[string]mesh.Edge{}, withdrawn: map[string]bool{}, drained: map[string]bool{}, withdrawLoads: l.Withdraw,
		readings: make(oneByOne, 1), deaths: make(chan error, len(l.Plan.Instances)+2), touches: make(chan runner.Touch, touchesKept),
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
			system: s, plan: p, place: place, readings: make(oneByOne, 1), notices: make(oneByOne, 1), addresses: wire.Addresses{Listen: place.Address, Admin: place.Admin},
			client: &http.Client{Transport: &http.Transport{
				DialContext:         s.dialAdmin,
				MaxIdleConnsPerHost: 2, DisableCompression: true,
			}},
		}
		if p.Node.External != nil {
			i.client = i.outsideClient()
		}
		if at, _, is := p.Node.Exposes(); is {
			i.exposed = &exposed.Reader{Keep: at.Keep}
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
func (s *system) startLevel(ctx context.Context, instances []*instance, progress func(string)) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for _, i := range instances {
		group.Go(func() error {
			err := s.open(groupCtx, func(e topology.Edge) bool { return e.From == i.plan.Name })
			if err == nil {
				i.acts.Lock()
				defer i.acts.Unlock()
				err = i.startFirst(groupCtx, progress)
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
				Name: e.Name, Listen: s.layout.Listen[e.Name], Upstream: AddressOver(s.byName[e.To].address(), s.byName[e.To].plan.Node, e),
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

// AddressOver is where an edge into an instance of a node leads: to its address, on the port of the edge where an image runs. What is
// built in answers on one port whatever edge it is called over.
func AddressOver(address string, n *scenarios.Node, e topology.Edge) string {
	if host, _, err := net.SplitHostPort(address); err == nil && e.Port != 0 && n.Image != "" {
		return net.JoinHostPort(host, strconv.Itoa(e.Port))
	}
	return address
}

// turn leads the edges into an instance to where it is, where they lead elsewhere.
func (s *system) turn(ctx context.Context, i *instance) error {
	for _, e := range s.edgesInto(i.plan.Name) {
		address := AddressOver(i.address(), i.plan.Node, e)
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

// secure is the TLS that a built-in caller speaks to a callee; nil: none.
func (s *system) secure(callee *scenarios.Node) *wire.Secure {
	secure := callee.Secure()
	if secure != nil && secure.CA == nil {
		secure.CA = s.layout.Roots
	}
	return secure
}

// upstreams are the addresses that a caller finds its callees at: those of its edges, by the callee's node.
func (s *system) upstreams(caller string) map[string][]node.Upstream {
	out := map[string][]node.Upstream{}
	for _, e := range s.plan.EdgesFrom(caller) {
		callee := s.byName[e.To].plan.Node
		edge, _ := s.edge(e.Name)
		known := e.ToNode
		if e.Port != 0 {
			known = scenarios.CalleeName(e.ToNode, strconv.Itoa(e.Port))
		}
		out[known] = append(out[known], node.Upstream{
			Instance: e.To, Counted: e.Callee(), Address: edge.Listen, Kind: callee.Kind, Speaks: callee.Speaks(), DSN: callee.Login(), Near: e.Near,
			AtMostOnce: callee.Promise == scenarios.AtMostOnce, AckWithin: callee.AckWithin,
			Host: callee.Site(), Secure: s.secure(callee),
			Positions: callee.Speaks() == parts.SpeaksPostgres && s.plan.Scenario.ReadsReplicas(callee),
		})
	}
	return out
}
