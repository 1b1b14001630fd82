package process

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/process/root"
	"github.com/squallhq/squall/runner/engine/surroundings"
	"github.com/squallhq/squall/scenarios/topology"
)

// ground is where one local command runs, over all its restarts.
type ground struct {
	root root.Root
	// host is its own address.
	host string
	// calls are its edges by what they are to: one address leads to all replicas in turn, as a name does in a container.
	calls map[callee][]string
	// at is where it finds each, once its edges are open.
	at map[callee]string
	// laid tells that its folder has what its node says. Only who starts it uses it.
	laid bool
}

// callee is a port of a node; 0: its first.
type callee struct {
	node string
	port int
}

// layLocal gives a local command its folder and its address.
func (t *testbed) layLocal(i topology.Instance) error {
	n := i.Node
	ports := []int{n.ServingPort()}
	for _, p := range n.Ports {
		if !slices.Contains(ports, p.Target) {
			ports = append(ports, p.Target)
		}
	}
	host, err := t.addresses.take(ports)
	if err != nil {
		return fmt.Errorf("place %q: %w", i.Name, err)
	}
	folder, err := filepath.Abs(t.Plan.Scenario.Folder)
	if err != nil {
		return fmt.Errorf("find the scenario's folder: %w", err)
	}
	g := &ground{
		root: root.Root{Path: filepath.Join(t.temp, "data", i.Name), Folder: folder, Shared: filepath.Join(t.temp, "volumes"), Together: root.Together(t.Plan)},
		host: host, calls: map[callee][]string{}, at: map[callee]string{},
	}
	for _, e := range t.Plan.EdgesFrom(i.Name) {
		to := callee{e.ToNode, e.Port}
		g.calls[to] = append(g.calls[to], e.Name)
	}
	t.grounds[i.Name] = g
	t.layout.Places[i.Name] = engine.Place{Data: g.root.Path, Address: net.JoinHostPort(host, strconv.Itoa(n.ServingPort()))}
	return nil
}

// given is an instance as it is started here.
func (g *ground) given(p *topology.Plan, i topology.Instance) topology.Instance {
	return surroundings.Applied(p, i, surroundings.Place{Host: g.host, Root: g.root.Path, Upstream: func(e topology.Edge) (string, int) {
		host, port, err := net.SplitHostPort(g.at[callee{e.ToNode, e.Port}])
		if err != nil {
			return "", 0 // it is not open yet
		}
		number, _ := strconv.Atoi(port) // the mesh's own word
		return host, number
	}})
}

// grouped is the mesh, which opens for a local command what it finds its callees at, with its edges.
type grouped struct {
	mesh.Control
	t *testbed
}

// Open opens edges, and the addresses that local commands call them by.
func (m grouped) Open(ctx context.Context, edges []mesh.Edge) ([]mesh.Edge, error) {
	opened, err := m.Control.Open(ctx, edges)
	if err != nil {
		return nil, err
	}
	open := map[string]bool{}
	for _, e := range edges {
		open[e.Name] = true
	}
	for name, g := range m.t.grounds {
		for to, names := range g.calls {
			if !open[names[0]] { // those of one caller are opened at once
				continue
			}
			at, err := m.OpenGroup(ctx, mesh.Group{Listen: "127.0.0.1:0", Edges: names})
			if err != nil {
				return nil, fmt.Errorf("open what %q calls %q by: %w", name, to.node, err)
			}
			m.t.mu.Lock()
			g.at[to] = at
			m.t.mu.Unlock()
		}
	}
	return opened, nil
}

// listensAt is where the caller of an edge finds it: a local command by its group alone.
func (t *testbed) listensAt(e topology.Edge) string {
	if t.grounds[e.From] != nil && !e.Client {
		return ""
	}
	return "127.0.0.1:0"
}

// prepare is an instance as it is started now, with its folder made.
func (t *testbed) prepare(i topology.Instance) (topology.Instance, *ground, error) {
	g := t.grounds[i.Name]
	t.mu.Lock()
	i = g.given(t.Plan, i)
	t.mu.Unlock()
	if !g.laid {
		given, err := t.certified(i)
		if err != nil {
			return i, g, err
		}
		if err := g.root.Lay(given); err != nil {
			return i, g, fmt.Errorf("make its folder: %w", err)
		}
		g.laid = true
	}
	return i, g, g.root.Fresh(i.Node)
}
