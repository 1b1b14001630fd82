// Package runner conducts a run: launch, warm up, phases with faults at their times, recovery,
// tear down. It declares the small ports that it needs; engines and the load generator implement
// them, cmd wires them. Time comes from package time, so that a bubble of virtual time works too.
package runner

import (
	"context"
	"io"
	"net"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/traces"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Engine brings plans to life.
type Engine interface {
	// Name is virtual, process or docker: for people. What an engine can do is asked of Has.
	Name() string
	// Has tells a capability.
	Has(Capability) bool
	// Check says why the plan can't run here (an image on an engine without images, a primitive
	// that it can't carry out on that instance), nil if it can. Nothing is started.
	Check(*topology.Plan) error
	// Launch starts everything and returns when every instance is healthy. If it fails, it leaves nothing behind.
	Launch(context.Context, Launch) (System, error)
}

// Capability is what some engines can do and others can't.
type Capability string

// The capabilities of engines.
const (
	// Images: nodes may be somebody else's images.
	Images Capability = "images"
	// Pauses: instances can be stopped in their tracks.
	Pauses Capability = "pauses"
	// CPULimits and MemoryLimits: instances are held to the limits of their nodes; those of the CPU can change while they run.
	CPULimits    Capability = "cpu limits"
	MemoryLimits Capability = "memory limits"
	// Costs: what a hop and a durable write cost is what its options say, not what a machine takes.
	Costs Capability = "costs"
)

// Enclosing is an Engine whose runs need surroundings of their own, as virtual time does. Run calls everything
// else within them; where time is virtual, what only makes sense in real time (the harness's CPU) is not measured.
type Enclosing interface {
	Engine
	// Enclose calls f once, with a context that has ctx's values and ends when ctx does, with its cause. The error
	// says that f could not be called, or that it did not end as it should have.
	Enclose(ctx context.Context, f func(context.Context)) error
}

// Noting is an Engine that has something to say about what is measured on it.
type Noting interface {
	Engine
	// Notes say, a sentence each, what of a plan is modelled in place of a machine, and what its nodes are not held to.
	Notes(*topology.Plan) []string
}

// Launch is what an engine is asked to start.
type Launch struct {
	Plan *topology.Plan
	// Run is the run's id; everything that is made carries it as a label.
	Run string
	// Dir is the run's folder; node logs go to Dir/logs/INSTANCE.log.
	Dir string
	// Progress is told what is being done, in a few words. Never nil.
	Progress func(string)
}

// System is a running topology.
type System interface {
	// Inject carries out primitives, all at once, and returns when they are in force. The undo
	// undoes exactly these, may be called twice (the second call does nothing and returns the
	// same receipt) and copes with other faults on the same targets. On an error nothing stays injected.
	Inject(context.Context, []faults.Primitive) (Undo, error)
	// Dial opens a connection over a client edge.
	Dial(ctx context.Context, edge string) (net.Conn, error)
	// DialInstance opens a connection to an instance's serving port, past its edges: for reading writes back.
	DialInstance(ctx context.Context, instance string) (net.Conn, error)
	// Observe reads all counters now, whatever is being done to an instance. One that is killed or paused counts nothing and
	// has those that it had; one that should answer and does not is marked as Unread.
	Observe(context.Context) (Observation, error)
	// Spans asks every instance that knows spans for those of some traces, each named by the first half of its id.
	Spans(ctx context.Context, of []uint64) []traces.Answer
	// Died receives an error when an instance ended that no fault had ended. It is never closed.
	Died() <-chan error
	// Touches receives what somebody else does to the system, beside its injections, as it happens: for those who watch. It is
	// never closed.
	Touches() <-chan Touch
	// Touched is all that was done so until now, in order, with what met it. On an error receipts may be missing.
	Touched(context.Context) ([]Touch, error)
	// Down stops and removes everything. It may be called twice.
	Down(context.Context) error
}

// Touch is something that was done to a system and that no injection did.
type Touch struct {
	At time.Time
	// Who, Door, What and On are as in record.Action.
	Who, Door, What, On string
	// Undone is when it was taken back; zero: it was not.
	Undone time.Time
	// Receipt is what met it; nil: that is unknown, or it is nothing that can be met.
	Receipt *faults.Receipt
}

// Undo takes back one injection.
type Undo func(context.Context) (faults.Receipt, error)

// Observation is every counter of a system at one moment; counters only grow within a run.
type Observation struct {
	At    time.Time
	Edges map[string]EdgeCounters // by edge name
	Nodes map[string]NodeCounters // by instance
	// MeshCPU is the time that the mesh used, where it has a process of its own (it is part of the harness).
	MeshCPU time.Duration
}

// EdgeCounters is what the mesh saw on one edge.
type EdgeCounters struct {
	Connections, Open, Requests int64
	BytesUp, BytesDown          int64
	// FirstBytes counts answers, FirstByteTotal is the sum of their times to first byte.
	FirstBytes     int64
	FirstByteTotal time.Duration
	// Answers are those times, spread out.
	Answers passage.Spread
	// Unanswered are requests that got no answer before their connection ended, or their caller spoke again.
	Unanswered int64
	// Lacked are connections for which the mesh had no file descriptor, port or memory left.
	Lacked int64
	// Awaiting are the stays of requests, from when each came to its first byte, or to when there was none to come any more.
	Awaiting passage.Reading
}

// since is what was seen from one reading to this one; what is open is open now.
func (c EdgeCounters) since(first EdgeCounters) EdgeCounters {
	c.Connections -= first.Connections
	c.Requests -= first.Requests
	c.BytesUp -= first.BytesUp
	c.BytesDown -= first.BytesDown
	c.FirstBytes -= first.FirstBytes
	c.FirstByteTotal -= first.FirstByteTotal
	c.Answers = c.Answers.Sub(first.Answers)
	return c
}

// answeredWith are the answers of two edges together.
func (c EdgeCounters) answeredWith(o EdgeCounters) EdgeCounters {
	c.FirstBytes += o.FirstBytes
	c.FirstByteTotal += o.FirstByteTotal
	c.Answers = c.Answers.Add(o.Answers)
	return c
}

// firstByteMs is the mean time to first byte, 0 without an answer.
func (c EdgeCounters) firstByteMs() float64 {
	if c.FirstBytes <= 0 {
		return 0
	}
	return record.Milliseconds(c.FirstByteTotal) / float64(c.FirstBytes)
}

// NodeCounters is what one instance counted itself.
type NodeCounters struct {
	Restarts int
	// Calls are the attempts over each of its edges, by the callee's instance.
	Calls map[string]wire.CallCounters
	// Counters are all others by their metric names.
	Counters map[string]float64
	// Stays are those of its requests, Attempts those of its attempts, by the callee's instance, Waits those of the messages that wait
	// in it, by who they wait for.
	Stays    passage.Reading
	Attempts map[string]passage.Reading
	Waits    map[string]passage.Reading
	// CPU is the time it used, where the engine can tell.
	CPU time.Duration
	// Unread tells that it could not be asked for all that it has counted: what stands here is of an earlier moment, and how
	// much is missing is unknown.
	Unread bool
}

// Loader drives load at a system.
type Loader interface {
	// Drive sends every load from Drive.From until Drive.Until, waits for the answers still due
	// (at most each load's timeout) and returns. Every intended request gives exactly one sample.
	Drive(context.Context, Drive) (record.Generator, error)
}

// Drive is one order to a Loader.
type Drive struct {
	Loads []*scenarios.Load
	Seed  uint64
	// WriteSeed draws the ids of writes. In real time it is each run's own: what keeps writes from one run to the next has no id twice.
	WriteSeed uint64
	// Zero is the start of the first phase; From (negative: the warm-up) and Until count from it.
	Zero        time.Time
	From, Until time.Duration
	// Edges are each load's client edges, by load name; requests take them in turn.
	Edges map[string][]string
	// Withdrawn tells that an edge's instance is about to end, or has ended, as its load was told; nil: none is. Requests take the
	// next edge then, where there is another.
	Withdrawn func(edge string) bool
	// Dial is System.Dial.
	Dial func(ctx context.Context, edge string) (net.Conn, error)
	// Record takes samples; it is safe for concurrent use and quick.
	Record func(record.Sample)
	// Results takes vegeta's gob stream of results; nil: none is written.
	Results io.Writer
}
