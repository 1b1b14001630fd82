package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/injection"
	"github.com/squallhq/squall/runner/lease"
	"github.com/squallhq/squall/scenarios/topology"
)

// system is a running topology.
type system struct {
	options  Options
	exe, run string
	plan     *topology.Plan
	progress func(string)
	// temp is the run's own folder with the instances' data; logs is where their words go.
	temp, logs string
	lease      *lease.Lease
	spawner    *spawner

	mesh      mesh.Control
	meshChild *child // nil: the mesh is in this process
	// edges by name, as they were opened. Written while launching only.
	edges     map[string]mesh.Edge
	instances []*instance
	byName    map[string]*instance

	faults  *injection.Injector
	deaths  chan error
	watches sync.WaitGroup

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
	return dial(ctx, e.Listen)
}

// DialInstance connects to an instance itself, past its edges.
func (s *system) DialInstance(ctx context.Context, name string) (net.Conn, error) {
	i, ok := s.byName[name]
	if !ok {
		return nil, fmt.Errorf("dial instance %q: there is no such instance", name)
	}
	return dial(ctx, i.address())
}

// dial connects; its errors are net's own, so that callers can tell a refusal from a timeout.
func dial(ctx context.Context, address string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", address)
}

// Died receives an error when an instance, or the mesh, ended and nobody had ended it.
func (s *system) Died() <-chan error { return s.deaths }

// watch tells of a child's end, unless it was expected.
func (s *system) watch(k *child, current func() bool) {
	s.watches.Go(func() {
		<-k.ended
		if k.isExpected() || !current() {
			return
		}
		how := "exit status 0"
		if k.err != nil {
			how = k.err.Error()
		}
		select {
		case s.deaths <- fmt.Errorf("instance %q ended by itself: %s%s", k.name, how, k.lastWords()):
		default: // more deaths than instances: each was told once
		}
	})
}

// stopGrace is how long instances may take to end by themselves before they are killed.
const stopGrace = time.Second

// Down ends all instances and the mesh, callers first where they take their time, and removes the run's temporary folder.
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
	var errs []error
	if s.mesh != nil {
		err := s.mesh.Close()
		if s.meshChild == nil {
			errs = append(errs, err)
		} else {
			s.meshChild.stop(grace.Done()) // a mesh that can't be asked any more is killed
		}
	}
	s.watches.Wait()
	s.spawner.close()
	for _, i := range s.instances {
		i.release()
	}
	if err := os.RemoveAll(s.temp); err != nil {
		return errors.Join(append(errs, fmt.Errorf("remove the run's temporary folder: %w", err))...)
	}
	return errors.Join(append(errs, s.lease.Release())...)
}
