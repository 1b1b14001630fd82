// Package docker runs topologies in containers: every instance in one of its own (the built-in
// roles from an image made of the running binary, or any image), every connection through the
// mesh container. It is the only importer of the Docker client.
//
// Each instance is on a network that has no way out and whose only other member is the mesh; the
// mesh alone is also on the run's control network, where its control API and the edges of the loads
// listen. A built-in caller is told an address for each of its edges; an image finds its upstreams
// by their names on their usual ports, one network more for each further upstream on the same port.
// Addresses are fixed before anything is made, so that a restart keeps them.
//
// Everything that is made carries labels: the run, the process that made it, the instance. A run
// whose process is gone is removed by Reap.
package docker

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/docker/docker/client"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
)

// Reach says how this process reaches the mesh container.
type Reach string

const (
	// ReachAuto tries the container's own address, then the published port.
	ReachAuto Reach = ""
	// ReachDirect dials the container's address on the control network: no hop between the load and its edges.
	ReachDirect Reach = "direct"
	// ReachPublished dials a port published on 127.0.0.1 and tunnels from there: for engines in a virtual machine.
	ReachPublished Reach = "published"
)

// Options of an Engine. The zero value works on a machine with a local engine.
type Options struct {
	// Range is where the networks' addresses come from, an IPv4 prefix. Default 198.18.0.0/15,
	// which is set aside for benchmarks (RFC 2544), so that no user's network is in the way.
	Range netip.Prefix
	// Exe is the binary that the containers run. Default: the running one.
	Exe string
	// Reach is how the mesh is reached; tests fix it.
	Reach Reach
}

// DefaultRange is the benchmarking range of RFC 2544.
var DefaultRange = netip.MustParsePrefix("198.18.0.0/15")

// Engine starts runs on a Docker engine.
type Engine struct {
	api     *client.Client
	options Options
	// where says in words which engine it is, for errors.
	where string

	mu    sync.Mutex
	image *nodeimage.Image
}

var _ runner.Engine = (*Engine)(nil)

// New makes an engine from the environment: DOCKER_HOST and its companions, else the current
// context of the docker CLI, else the default socket. Nothing is connected yet.
func New(o Options) (*Engine, error) {
	if !o.Range.IsValid() {
		o.Range = DefaultRange
	}
	if !o.Range.Addr().Is4() || o.Range.Bits() > subnetBits {
		return nil, fmt.Errorf("address range %s: it must be an IPv4 prefix of /%d or wider, such as %s", o.Range, subnetBits, DefaultRange)
	}
	o.Range = o.Range.Masked()
	if o.Exe == "" {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find the running binary for the containers: %w", err)
		}
		o.Exe = exe
	}
	options, where, err := connection(os.Getenv)
	if err != nil {
		return nil, err
	}
	api, err := client.NewClientWithOpts(append(options, client.WithAPIVersionNegotiation())...)
	if err != nil {
		return nil, fmt.Errorf("make a client of the Docker engine (%s): %w", where, err)
	}
	return &Engine{api: api, options: o, where: where}, nil
}

// Name is docker.
func (e *Engine) Name() string { return "docker" }

// Close gives idle connections back.
func (e *Engine) Close() error { return e.api.Close() }

// availableTimeout bounds how long a silent engine is waited for.
const availableTimeout = 5 * time.Second

// Available tells the engine's version, or why none can be used. It takes at most 5 s.
func (e *Engine) Available(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, availableTimeout)
	defer cancel()
	version, err := e.api.ServerVersion(ctx)
	if err != nil {
		return "", e.unavailable(err)
	}
	if version.Os != "linux" {
		return "", fmt.Errorf("the Docker engine (%s) runs %s containers; squall needs linux ones", e.where, version.Os)
	}
	return fmt.Sprintf("Docker Engine %s (API %s)", version.Version, e.api.ClientVersion()), nil
}

// Memory is how much of it the engine's machine has, in bytes.
func (e *Engine) Memory(ctx context.Context) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, availableTimeout)
	defer cancel()
	info, err := e.api.Info(ctx)
	if err != nil {
		return 0, e.unavailable(err)
	}
	return info.MemTotal, nil
}

// unavailable explains an engine that does not answer.
func (e *Engine) unavailable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the Docker engine (%s) does not answer within %s: %w", e.where, availableTimeout, err)
	}
	return fmt.Errorf("reach the Docker engine (%s): %w", e.where, err)
}
