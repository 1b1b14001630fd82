// Package process runs topologies on this machine with nothing but this binary: every instance is a child
// process, the mesh is one more, and every connection is loopback TCP through the mesh.
//
// What ends squall ends the children, however it ends: their standard input closes, on Linux the kernel
// kills them with their parent, and a lease tells the next start what a crash has left.
package process

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Options of an Engine. The zero value is right for the squall program itself.
type Options struct {
	// Exe is the program that the children run. Default: the running one.
	Exe string
	// Args come before the children's own: node --config -, or mesh --config -.
	Args []string
	// Mesh makes the mesh in this process instead of in a child (for tests). nil: a child.
	Mesh func(seed uint64) mesh.Control
	// API is where the mesh answers toxiproxy's HTTP API, a loopback address. Default 127.0.0.1:0, any free port;
	// it is told with the progress. NoAPI: nowhere.
	API string
	// Health bounds how long an instance may take until it is healthy. Default 30 s.
	Health time.Duration
}

// NoAPI is Options.API for no toxiproxy API.
const NoAPI = "none"

// DefaultHealth is how long an instance may take until it is healthy.
const DefaultHealth = 30 * time.Second

// Engine starts runs as child processes.
type Engine struct{ o Options }

var _ runner.Engine = (*Engine)(nil)

// New makes an engine. Nothing is started.
func New(o Options) *Engine {
	if o.API == "" {
		o.API = "127.0.0.1:0"
	}
	if o.Health == 0 {
		o.Health = DefaultHealth
	}
	return &Engine{o: o}
}

// Name is process.
func (e *Engine) Name() string { return "process" }

// Check refuses images and CPU limits, which need containers; every reason is told at once.
func (e *Engine) Check(p *topology.Plan) error {
	var errs []error
	for _, n := range p.Scenario.Nodes {
		switch {
		case n.Image != "":
			errs = append(errs, fmt.Errorf("node %q wants image %q, and the process engine runs built-in nodes alone; give it a stand_in, or use --engine docker", n.Name, n.Image))
		case n.Kind == scenarios.KindImage:
			errs = append(errs, fmt.Errorf("node %q is an image, and the process engine runs built-in nodes alone; give it a stand_in, or use --engine docker", n.Name))
		}
	}
	for _, f := range p.Faults {
		for _, one := range f.Primitives {
			if err := supports(one); err != nil {
				errs = append(errs, fmt.Errorf("fault %q in phase %q: %w", f.Fault.Kind.String(), f.Phase, err))
				break
			}
		}
	}
	return errors.Join(errs...)
}

func supports(p faults.Primitive) error {
	switch p.Op {
	case faults.OpToxic, faults.OpOutage, faults.OpKill, faults.OpBehave, faults.OpAsk, faults.OpConfigure, faults.OpStop:
		return nil
	case faults.OpPause:
		return canPause()
	case faults.OpCPU:
		return fmt.Errorf("limiting the CPU of instance %q needs containers; use --engine docker", p.Instance)
	default:
		return fmt.Errorf("the process engine knows no %q", p.Op)
	}
}

// exe is the program for children.
func (e *Engine) exe() (string, error) {
	if e.o.Exe != "" {
		return e.o.Exe, nil
	}
	exe, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the running program: %w", err)
	}
	return exe, nil
}
