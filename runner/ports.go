// Package runner conducts a run: launch, warm up, phases with faults at their times, recovery,
// tear down. It declares the small ports that it needs; engines and the load generator implement
// them, cmd wires them. Time comes from package time, so that a bubble of virtual time works too.
package runner

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/instant"
	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/results"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/traces"
	"github.com/squallhq/squall/runner/wire"
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
	// Locals: nodes may be commands of this machine.
	Locals Capability = "local commands"
	// Pauses: instances can be stopped in their tracks.
	Pauses Capability = "pauses"
	// CPULimits and MemoryLimits: instances are held to the limits of their nodes, which can change while they run.
	CPULimits    Capability = "cpu limits"
	MemoryLimits Capability = "memory limits"
	// Externals: nodes may be what others have launched, here or on other machines.
	Externals Capability = "externals"
	// Reroutes: requests of external nodes to external nodes can be led over edges.
	Reroutes Capability = "reroutes"
	// Machines: instances run on several machines, so that one of them can be lost.
	Machines Capability = "machines"
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
	// AllowExternal lets it send to external nodes that are outside this machine; without it that is an error.
	AllowExternal bool
	// Authority makes the nodes' certificates; nil: no node has one.
	Authority *authority.Authority
	// Withdraw tells the loads that an instance is about to go, or is back, where the engine alone knows which; nil: they are not told.
	Withdraw func(instance string, out bool)
	// Progress is told what is being done, in a few words. Never nil.
	Progress func(string)
}

// NotAllowed is a run that would send to another machine, and that nobody has allowed to.
type NotAllowed struct {
	// Node is the external node, Address what the scenario says, At where that is.
	Node, Address string
	At            []netip.Addr
}

func (n *NotAllowed) Error() string {
	words := make([]string, len(n.At))
	for i, a := range n.At {
		words[i] = a.String()
	}
	return fmt.Sprintf("node %q is external, and %s is outside this machine (%s): the run would send there; --allow-external allows it",
		n.Node, n.Address, strings.Join(words, ", "))
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
	// Died receives an error when an instance ended that no fault had ended, and a *ByFault where a fault has made it end. It is never
	// closed.
	Died() <-chan error
	// Touches receives what somebody else does to the system, beside its injections, as it happens: for those who watch. It is
	// never closed.
	Touches() <-chan Touch
	// Touched is all that was done so until now, in order, with what met it. On an error receipts may be missing.
	Touched(context.Context) ([]Touch, error)
	// Down stops and removes everything. It may be called twice.
	Down(context.Context) error
}

// ByFault tells that an instance has ended, or was harmed, as a fault that is on was to bring about: it is part of the plan.
type ByFault struct{ Err error }

func (e *ByFault) Error() string { return e.Err.Error() }
func (e *ByFault) Unwrap() error { return e.Err }

// Touch is something that was done to a system and that no injection did.
type Touch struct {
	At time.Time
	// Who, Door, What and On are as in record.Action.
	Who, Door, What, On string
	// Person is who did it, as they say themselves. Act is what it is called by, 0 where it came through no door of ours, and Until when
	// it was to end by itself.
	Person string
	Act    int
	Until  time.Time
	// Words are the fault as a scenario would say it, "" where it has no words for it.
	Words string
	// Undone is when it was taken back; zero: it was not.
	Undone time.Time
	// Stays tells that it was so until the end: it could have been taken back, and was not.
	Stays bool
	// Receipt is what met it; nil: that is unknown, or it is nothing that can be met.
	Receipt *faults.Receipt
	kind    string // of the fault, where it is one of the scenario's words
	targets faults.Targets
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
	// MeshTook is how long the mesh's counters took to come: they are of some moment in that time.
	MeshTook time.Duration
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

// Exposed is about what somebody else's program tells of what it counts.
type Exposed struct {
	// Silent is why it could not be read when it was asked last, "" if it was: Counters are of an earlier moment then, and how much is
	// missing is unknown. All else stands.
	Silent string
	// Lapses is how often it ended without having told what it had counted until then: over one, what grew is unknown.
	Lapses int
	// Types are counter or gauge by metric, where the ending of its name does not say what it is.
	Types map[string]string
	// LeftOut are metrics that there is no room for, Absent names that are to be kept and that nothing has.
	LeftOut, Absent []string
}

// NodeCounters is what one instance counted itself.
type NodeCounters struct {
	Restarts int
	// Starved is how often something of it was killed for want of memory, where the engine can tell.
	Starved int64
	// Calls are the attempts over each of its edges, by the callee's instance.
	Calls map[string]wire.CallCounters
	// Counters are all others by their metric names.
	Counters map[string]float64
	// Exposed are those that an image tells itself, which are Counters.
	Exposed
	// Stays are those of its requests, Attempts those of its attempts, by the callee's instance, Waits those of the messages that wait
	// in it, by who they wait for.
	Stays    passage.Reading
	Attempts map[string]passage.Reading
	Waits    map[string]passage.Reading
	// CPU is the time it used, where the engine can tell.
	CPU time.Duration
	// Unseen is how long it ran, in all, between being read last and being ended or stopped: what came in that time is not counted here, and
	// of one that goes on again not yet.
	Unseen time.Duration
	// Took is how long these took to come when they were read last: they are of some moment in that time.
	Took time.Duration
	// Unread tells that it could not be asked for all that it has counted: what stands here is of an earlier moment, and how
	// much is missing is unknown.
	Unread bool
	// Lost is how many lives of a built-in node ended without having been asked: over one of those ends, what it counted is unknown.
	Lost int
}

// Loader drives load at a system.
type Loader interface {
	// Drive sends every load from Drive.From until Drive.Until, waits for the answers still due
	// (at most each load's timeout) and returns. Every intended request gives exactly one sample.
	Drive(context.Context, Drive) (Driven, error)
}

// Staged is a Loader whose generators have to be started before they can drive: they are other processes.
type Staged interface {
	Loader
	// Stage starts them when the system stands, tells them what they will drive first, and waits until they can begin at once; nothing is
	// sent yet. What it returns drives with them until stop has ended them all.
	Stage(context.Context, Stage) (l Loader, stop func(context.Context) error, err error)
}

// Stage is what generators are started for.
type Stage struct {
	// Run is the run's id, which whatever is started carries as a label; logs go to Dir/logs.
	Run, Dir string
	Order    order.Order
}

// Reachable is a System whose client edges other processes can dial.
type Reachable interface {
	System
	// Reach is where another process dials a client edge, as host:port. The error says why none can.
	Reach(edge string) (address string, err error)
	// Lookups has f told whenever it changes how the name of a client edge's callee is looked up: as to says, nil as ever. f is quick, and is told
	// before the change is in force.
	Lookups(f func(edge string, to *faults.NameLookup))
	// LookedUp counts a lookup over a client edge that was made so by another process.
	LookedUp(edge string)
}

// Keeper is a System in which nobody decides the order of what happens at one instant, as in virtual time.
type Keeper interface {
	System
	// Keep is nil where no two things happen at one instant, as in real time.
	Keep() instant.Keep
}

// keepOf is a system's own, nil where it has none.
func keepOf(s System) instant.Keep {
	if keeper, is := s.(Keeper); is {
		return keeper.Keep()
	}
	return nil
}

// Machined is a System whose instances may be on several machines.
type Machined interface {
	System
	// Beside are the instances on the machine of one as things stand, itself among them; nil: that can't be told.
	Beside(instance string) []string
}

// Drive is an order to a Loader, and where in this process the connections come from and the samples go.
type Drive struct {
	order.Order
	// Zero is the start of the first phase.
	Zero time.Time
	// Course is how the plan's time passes in the run, where people may change that: loads keep to its rates and end when it does. nil: as the
	// run's does, until Until.
	Course *course.Course
	// Notices are what loads are told of their edges while they run; nil: nothing.
	Notices *order.Notices
	// LookedUp is told of lookups that were made as a notice says; nil: Dial makes them.
	LookedUp func(edge string)
	// Dial is System.Dial.
	Dial func(ctx context.Context, edge string) (net.Conn, error)
	// Keep sees to it that nothing else happens at the moments for which requests are intended; nil: nobody has to.
	Keep instant.Keep
	// Record takes samples; it is safe for concurrent use and quick.
	Record func(record.Sample)
	// Results takes vegeta's gob stream of results; nil: none is written.
	Results io.Writer
	// Follow is told of every request as it goes, in place of Record: it passes that on to another process. nil: nobody does.
	Follow Follower
}

// Follower is told of requests as they go. It is safe for concurrent use and quick.
type Follower interface {
	// Sent tells that a request is about to be sent, the load's so manieth from 0: Load, Request, Seq, Intended and Sent are known.
	Sent(s record.Sample, hit uint64)
	// Done tells what became of it.
	Done(s record.Sample, hit uint64, e results.Exchange)
	// Forget takes back what Sent told: nothing was sent after all.
	Forget(load string, hit uint64)
	// Unsent tells of one that was intended and not sent.
	Unsent(s record.Sample)
}

// Driven is how a drive went.
type Driven struct {
	record.Generator
	// Figures are those that Generator sums up.
	Figures figures.Figures
	// Each are those of a drive by several generators; nil: one in this process drove alone.
	Each []record.GeneratorPart
}

// driven is how the load ended.
type driven struct {
	Driven
	err error
}
