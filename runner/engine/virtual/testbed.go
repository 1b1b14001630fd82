package virtual

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/virtual/network"
	"github.com/squallhq/squall/scenarios"
)

// testbed is one run's network, mesh and disks.
type testbed struct {
	network *network.Network
	// outside is who asks past the edges: the run itself.
	outside *network.Host
	// conductor is the run where it orders something, which comes before the requests of the same instant.
	conductor *network.Host
	mesh      *mesh.Mesh
	layout    engine.Layout
	// disks by instance: they outlive incarnations.
	disks map[string]*disk
	// running are the goroutines of all incarnations, those of killed instances too.
	running sync.WaitGroup
}

var (
	_ engine.Testbed = (*testbed)(nil)
	_ engine.Keeping = (*testbed)(nil)
)

// startTimeout bounds a start: reading the data back.
const startTimeout = 30 * time.Second

// Up makes the network and gives every instance and every edge its address on it.
func (e *Engine) Up(_ context.Context, r engine.Run) (engine.Testbed, error) {
	t := &testbed{network: network.New(r.Plan.Seed), disks: map[string]*disk{}}
	t.outside = t.network.Host("10.255.255.254")
	t.conductor = t.network.Near("10.255.255.252")
	t.mesh = mesh.New(mesh.Options{
		Seed: r.Plan.Seed, Network: t.network.Host("10.255.255.253"), Dialling: network.Numbered, Turn: t.network.Turn, After: t.network.After,
	})
	t.layout = engine.Layout{
		Mesh: t.mesh, Places: map[string]engine.Place{}, Listen: map[string]string{}, Hop: e.Hop / 2, Health: startTimeout,
	}
	ports := map[string]string{}
	for n, i := range r.Plan.Instances {
		ports[i.Name] = servingPort(i.Node.Kind)
		address := net.JoinHostPort(ip(n), ports[i.Name])
		t.layout.Places[i.Name] = engine.Place{Listen: address, Admin: net.JoinHostPort(ip(n), adminPort), Address: address}
		t.disks[i.Name] = &disk{sync: e.Sync, moment: func(file string) { t.network.Turn(i.Name+" "+file, 1) }}
	}
	for n, edge := range r.Plan.Edges {
		t.layout.Listen[edge.Name] = net.JoinHostPort(edgeIP(n), ports[edge.To])
	}
	return t, nil
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

// Layout is where everything is.
func (t *testbed) Layout() engine.Layout { return t.layout }

// Dial connects from outside.
func (t *testbed) Dial(ctx context.Context, address string) (net.Conn, error) {
	if _, port, err := net.SplitHostPort(address); err == nil && port == adminPort {
		return t.conductor.DialContext(ctx, "tcp", address)
	}
	return t.outside.DialContext(ctx, "tcp", address)
}

// Keep is for what happens by itself beside the network.
func (t *testbed) Keep(d time.Duration) (at time.Time, free func()) { return t.network.Keep(d) }

// Start begins an incarnation and returns when it serves.
func (t *testbed) Start(ctx context.Context, p engine.Placed) (engine.Process, error) {
	host, _, err := net.SplitHostPort(p.Config.Listen)
	if err != nil {
		return nil, fmt.Errorf("start %q: %w", p.Name, err)
	}
	return begin(ctx, t, p, t.network.Host(host), t.disks[p.Name])
}

// Down ends all instances and the mesh.
func (t *testbed) Down(ctx context.Context, left []engine.Process) error {
	_ = engine.StopAll(ctx, left) // they end, one way or the other
	err := t.mesh.Close()
	t.conductor.Kill()
	t.outside.Kill() // what the load or a reader has left open
	t.running.Wait()
	return err
}
