package virtual

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/injection"
	"github.com/squallhq/squall/runner/engine/virtual/network"
	"github.com/squallhq/squall/scenarios/topology"
)

// system is a running topology.
type system struct {
	costs Engine // Hop and Sync
	run   string
	plan  *topology.Plan

	network network.Network
	// outside is who asks past the edges: the run itself.
	outside *network.Host
	client  *http.Client
	mesh    *mesh.Mesh
	// edges by name, as they were opened. Written while launching only.
	edges     map[string]mesh.Edge
	instances []*instance
	byName    map[string]*instance

	faults *injection.Injector
	deaths chan error
	// lives are the goroutines of all lives, those of killed instances too.
	lives sync.WaitGroup

	downOnce sync.Once
	downErr  error
}

var _ runner.System = (*system)(nil)

// Dial connects to an edge's listener, as its caller would.
func (s *system) Dial(ctx context.Context, edge string) (net.Conn, error) {
	e, ok := s.edges[edge]
	if !ok {
		return nil, fmt.Errorf("dial edge %q: there is no such edge", edge)
	}
	return s.outside.DialContext(ctx, "tcp", e.Listen)
}

// DialInstance connects to an instance itself, past its edges.
func (s *system) DialInstance(ctx context.Context, name string) (net.Conn, error) {
	i, ok := s.byName[name]
	if !ok {
		return nil, fmt.Errorf("dial instance %q: there is no such instance", name)
	}
	return s.outside.DialContext(ctx, "tcp", i.config.Listen)
}

// Died receives an error when an instance ended and nobody had ended it.
func (s *system) Died() <-chan error { return s.deaths }

// stopGrace is how long instances may take to end by themselves before they are killed.
const stopGrace = time.Second

// Down ends all instances and the mesh.
func (s *system) Down(ctx context.Context) error {
	s.downOnce.Do(func() { s.downErr = s.down(ctx) })
	return s.downErr
}

func (s *system) down(ctx context.Context) error {
	grace, cancel := context.WithTimeout(ctx, stopGrace)
	defer cancel()
	var ending sync.WaitGroup
	for _, i := range s.instances {
		ending.Go(func() { i.stop(grace.Done()) })
	}
	ending.Wait()
	err := s.mesh.Close()
	s.client.CloseIdleConnections()
	s.outside.Kill() // what the load or a reader has left open
	s.lives.Wait()
	return err
}
