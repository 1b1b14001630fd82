package virtual

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual/network"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// cleanupTimeout bounds taking down what a failed launch had started.
const cleanupTimeout = 30 * time.Second

// Launch makes the mesh, then starts the instances level by level, callees first and those of one level at once; the
// edges into a level are opened before its callers start, and first of all those whose callers start before their callees. If it fails, it leaves nothing behind.
func (e *Engine) Launch(ctx context.Context, l runner.Launch) (_ runner.System, err error) {
	s := newSystem(l, *e)
	defer func() {
		if err != nil {
			down, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
			defer cancel()
			err = errors.Join(err, s.Down(down))
		}
	}()
	if err := s.open(ctx, l.Plan.Back); err != nil {
		return nil, err
	}
	for level := 0; ; level++ {
		instances := s.level(level)
		if len(instances) == 0 {
			break
		}
		l.Progress(fmt.Sprintf("starting level %d: %d instances", level+1, len(instances)))
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err := s.startLevel(ctx, instances); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func newSystem(l runner.Launch, costs Engine) *system {
	s := &system{
		costs: costs,
		run:   l.Run, plan: l.Plan, edges: map[string]mesh.Edge{}, byName: map[string]*instance{},
		deaths: make(chan error, len(l.Plan.Instances)+1),
	}
	s.outside = s.network.Host("10.255.255.254")
	s.mesh = mesh.New(mesh.Options{Seed: l.Plan.Seed, Network: s.network.Host("10.255.255.253")})
	s.faults = s.injector()
	s.client = &http.Client{Transport: &http.Transport{DialContext: s.outside.DialContext, MaxIdleConnsPerHost: 2}}
	for n, i := range l.Plan.Instances {
		one := &instance{s: s, plan: i, ip: ip(n), disk: disk{sync: costs.Sync}, config: node.Config{
			Run: l.Run, Instance: i.Name, Seed: l.Plan.Seed, Node: *i.Node,
			Listen: net.JoinHostPort(ip(n), servingPort(i.Node.Kind)), Admin: net.JoinHostPort(ip(n), adminPort),
		}}
		s.instances = append(s.instances, one)
		s.byName[i.Name] = one
	}
	return s
}

// The ports of instances.
const (
	webPort      = "8080"
	databasePort = "5432"
	adminPort    = "9090"
)

func servingPort(k scenarios.Kind) string {
	if k == scenarios.KindDatabase {
		return databasePort
	}
	return webPort
}

// ip is the address of the nth instance: from 10.0.0.1 on, up to 10.127.255.255.
func ip(n int) string { return dotted(10<<24 + n + 1) }

// edgeIP is the address of the nth edge: from 10.128.0.1 on.
func edgeIP(n int) string { return dotted(10<<24 + 128<<16 + n + 1) }

func dotted(a int) string {
	return net.IPv4(byte(a>>24), byte(a>>16), byte(a>>8), byte(a)).String()
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

func (s *system) startLevel(ctx context.Context, instances []*instance) error {
	group, groupCtx := errgroup.WithContext(ctx)
	for _, i := range instances {
		i.config.Upstreams = s.upstreams(i.plan.Name)
		group.Go(func() error { return i.start(groupCtx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return s.open(ctx, func(e topology.Edge) bool {
		_, early := s.edges[e.Name]
		return !early && slices.Contains(instances, s.byName[e.To])
	})
}

// open opens some of the plan's edges.
func (s *system) open(ctx context.Context, which func(topology.Edge) bool) error {
	var edges []mesh.Edge
	for n, e := range s.plan.Edges {
		if !which(e) {
			continue
		}
		to := s.byName[e.To].config.Listen
		_, port, err := net.SplitHostPort(to)
		if err != nil {
			return fmt.Errorf("open edge %q: %w", e.Name, err)
		}
		edges = append(edges, mesh.Edge{
			Name: e.Name, Listen: net.JoinHostPort(edgeIP(n), port), Upstream: to, Latency: e.Latency + s.costs.Hop/2, Jitter: e.Jitter,
		})
	}
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

var _ wire.Network = (*network.Host)(nil)

// edgesInto are the edges into an instance.
func (s *system) edgesInto(instance string) []topology.Edge {
	var out []topology.Edge
	for _, e := range s.plan.Edges {
		if e.To == instance {
			out = append(out, e)
		}
	}
	return out
}
