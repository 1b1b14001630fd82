// Package engine is what all engines share: it launches a plan level by level, keeps every instance as the faults that
// are on want it together, observes, waits for health, tells callers of an instance that ends, and takes everything down.
//
// An engine is a Driver: it lays a run out (Up), starts a placed instance as a Process, and ends it. What else it can
// do it names as capabilities, and its Processes have by assertion (Pauser, Limiter, Meter). Everything that must be
// the same everywhere (overlap of faults, cancellation, partial failure, receipts, counters over restarts) is here, once.
package engine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Driver is what one engine does itself.
type Driver interface {
	// Name is the engine's, as in --engine.
	Name() string
	// Has tells what it can do beyond starting and ending built-in nodes.
	Has(runner.Capability) bool
	// Up lays a run out and starts its mesh. If it fails, it leaves nothing behind.
	Up(context.Context, Run) (Testbed, error)
}

// Finder is a Driver that has names of its own for what is external.
type Finder interface {
	// Find is where an external node is; known is false where its host is no name of the Driver's, and is looked up as on any engine.
	Find(ctx context.Context, n *scenarios.Node) (at netip.AddrPort, known bool, err error)
}

// Run is what a Driver lays out.
type Run struct {
	runner.Launch
	// External are where the external nodes are, by node.
	External map[string]netip.AddrPort
	// Died is told that what belongs to no instance (the mesh) has ended, how, and its last words. err is nil where it ended as if
	// all were well, an *Outside where somebody else has ended it.
	Died func(what string, err error, lastWords string)
	// Notice is told what somebody else does to an instance, or to the mesh, but for its end, which its Process's Err says.
	Notice func(Notice)
	// Starved is told that the kernel has killed something in an instance that goes on.
	Starved func(instance string, how *Starved)
}

// Certified is a Process whose certificate can be replaced.
type Certified interface {
	// Certify puts a certificate and its key where the node looks for them, and tells it as its reload says.
	Certify(ctx context.Context, p authority.Pair) error
}

// Testbed is one run's part of a machine, or of a cluster.
type Testbed interface {
	Layout() Layout
	// Dial connects to an address of the layout or of a Process, past every edge but to an edge's own address. Its
	// errors are net's own, so that callers can tell a refusal from a timeout.
	Dial(ctx context.Context, address string) (net.Conn, error)
	// Start begins one incarnation of an instance, which may not be healthy yet when it returns. Calls may come at once,
	// but never two for one instance; the last incarnation has ended by then.
	Start(context.Context, Placed) (Process, error)
	// Down removes everything. Those that are left may finish what they have within DownGrace, where that costs
	// nothing; no Start is under way.
	Down(ctx context.Context, left []Process) error
}

// Reached is a Testbed whose edges' addresses mean something to other processes than this one.
type Reached interface {
	// Reach is where another process dials what Dial dials at an address. The error says why none can.
	Reach(address string) (string, error)
}

// Keeping is a Testbed in virtual time.
type Keeping interface {
	// Keep is an instant.Keep.
	Keep(d time.Duration) (at time.Time, free func())
}

// Layout is where everything of a run is, before anything of it has started.
type Layout struct {
	Mesh mesh.Control
	// Places by instance (of an external node it has an Address alone), and Listen by edge: the address where its caller finds it. Port 0 is any free one.
	Places map[string]Place
	Listen map[string]string
	// Roots are whom built-in nodes trust that speak TLS, as PEM, where the scenario does not say; nil: the system's.
	Roots []byte
	// Hop is what every edge costs, one way, beside what the plan says.
	Hop time.Duration
	// Health bounds how long a start may take until the instance is healthy.
	Health time.Duration
}

// Place is where one instance is.
type Place struct {
	// Listen and Admin are where the instance is told to listen, Data is its folder.
	Listen, Admin, Data string
	// Address is where its edges lead: what Listen is to others.
	Address string
}

// Placed is an instance that is to be started.
type Placed struct {
	topology.Instance
	// Config is what a built-in node is told, with the changes that are on.
	Config node.Config
	// CPUs are the cores that it begins with; 0: as many as there are.
	CPUs float64
	// Memory is a fault's limit in bytes; 0: what its node has.
	Memory int64
	// Restart tells that it has run before: its data is there.
	Restart bool
}

// Image tells that somebody else's image runs, which has no admin address.
func (p Placed) Image() bool { return p.Node.Image != "" }

// Process is one incarnation of an instance, from a start to an end. Its methods are called one at a time, but for
// Done, Err, Addresses and Meter's.
type Process interface {
	// Addresses are where it serves and where its admin address is, for Testbed.Dial.
	Addresses() wire.Addresses
	// Kill ends it at once, as kill -9 does, also when it is paused. One that has ended already is no error.
	Kill(context.Context) error
	// Stop asks it to end, as SIGTERM does, and returns when it has; it is killed when grace is over. On an error (ctx ended
	// first) it may still run.
	Stop(ctx context.Context, grace time.Duration) error
	// Done is closed when it has ended; Err then says how, nil for an end without an error, an *Outside where somebody else has
	// ended it.
	Done() <-chan struct{}
	Err() error
}

// Pauser is a Process that can be stopped in its tracks (runner.Pauses).
type Pauser interface {
	// Pause returns when it stands still.
	Pause(context.Context) error
	Resume(context.Context) error
}

// Limiter is a Process whose cores can be limited while it runs (runner.CPULimits).
type Limiter interface {
	// Limit gives it that many cores; 0: as many as there are, or as the engine gives to a node that names none.
	Limit(ctx context.Context, cores float64) error
}

// MemoryLimiter is a Process whose memory can be limited while it runs (runner.MemoryLimits).
type MemoryLimiter interface {
	// LimitMemory gives it that many bytes; 0: as many as its node has, or its engine gives to one that names none. The limit is
	// the next incarnations', too.
	LimitMemory(ctx context.Context, bytes int64) error
}

// Disks is a Process whose volumes of a size can be filled (runner.Images).
type Disks interface {
	// Fill writes to a volume until so many bytes are left, and tells how many it wrote, and what is free then.
	Fill(ctx context.Context, volume string, leave int64) (written int64, now Space, err error)
	// Empty takes that away again, and tells what was free before.
	Empty(ctx context.Context, volume string) (before Space, err error)
}

// Space is a volume's, in bytes, as its file system tells.
type Space struct{ Size, Free int64 }

// Resolver is a Process of an image that looks names up at a resolver of the engine's.
type Resolver interface {
	// Resolve has these names looked up so, and all others as ever.
	Resolve(ctx context.Context, names map[string]faults.NameLookup) error
	// Resolved is how many lookups were answered so until now.
	Resolved(context.Context) (int64, error)
}

// Starved is the error of a Process that the kernel has killed for want of memory, or the word that something in it was.
type Starved struct {
	// Limit is how much it had, in bytes.
	Limit int64
	// At is when it was killed.
	At time.Time
}

func (s *Starved) Error() string {
	return fmt.Sprintf("out of memory: it used more than its limit of %d MB", s.Limit>>20)
}

// Meter is a Process, or a Testbed for its mesh, whose CPU time can be read; false: not now.
type Meter interface {
	CPU(context.Context) (time.Duration, bool)
}

// Tested is a Process whose engine runs the test of its node's healthcheck.
type Tested interface {
	// Ready is nil when it is ready, a *NeverReady when it is not going to be.
	Ready(context.Context) error
}

// Attended is a Process whose engine has somebody beside it who looks after its health: faster than from afar, and without a question each time.
type Attended interface {
	// AwaitHealth waits until it is healthy. *NeverReady: it is not going to be. Where it has ended before, the error says so, and Done is closed.
	AwaitHealth(context.Context) error
}

// Logged is a Process that can say where its last words are, as the end of an error: it begins with "; ".
type Logged interface {
	LastWords() string
}

// lastWords are a process's, where it has a log.
func lastWords(p Process) string {
	if l, ok := p.(Logged); ok {
		return l.LastWords()
	}
	return ""
}
