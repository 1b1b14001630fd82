// Package process runs topologies on this machine with nothing but this binary: every instance is a child
// process, the mesh is one more, and every connection is loopback TCP through the mesh.
//
// What ends squall ends the children, however it ends: their standard input closes, on Linux the kernel
// kills them with their parent, and a lease tells the next start what a crash has left.
package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
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

var (
	_ runner.Engine = (*Engine)(nil)
	_ runner.Noting = (*Engine)(nil)
	_ engine.Driver = (*Engine)(nil)
)

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

// Has tells that instances can be paused where the system can stop a process. Images and limits need containers.
func (e *Engine) Has(c runner.Capability) bool {
	return c == runner.Pauses && canPause || c == runner.Externals || c == runner.Locals && canRunLocals
}

// Check refuses images and limits, which need containers; every reason is told at once.
func (e *Engine) Check(p *topology.Plan) error {
	err := engine.Check(e, p)
	if canRunLocals {
		err = errors.Join(err, refuse(p))
	}
	return err
}

// Notes say which limits are not enforced, and what is not kept apart.
func (e *Engine) Notes(p *topology.Plan) []string {
	notes := engine.Notes(e, p)
	if open := notIsolated(p); open != "" {
		notes = append(notes, open)
	}
	return notes
}

// Launch starts the mesh and every instance. If it fails, it leaves nothing behind.
func (e *Engine) Launch(ctx context.Context, l runner.Launch) (runner.System, error) {
	return engine.Launch(ctx, e, l)
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
