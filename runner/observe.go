package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/traces"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// beside makes a reading beside the loop.
func (r *run) beside(read func()) {
	done := make(chan struct{})
	r.reading = done
	r.operations.Go(func() {
		defer close(done)
		read()
	})
}

// counters are all there are now, whatever became of ctx.
func (r *run) counters(ctx context.Context) (*Observation, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), observeTimeout)
	defer cancel()
	o, err := r.system.Observe(ctx)
	if err != nil {
		return nil, err
	}
	if o.At.IsZero() {
		o.At = time.Now()
	}
	r.heard.take(&o)
	return &o, nil
}

// observe reads all counters, whatever became of ctx. nil: they could not be read, and that is noted.
func (r *run) observe(ctx context.Context) *Observation {
	o, err := r.counters(ctx)
	if err != nil {
		r.happened(time.Since(r.zero), "note", "the counters could not be read: "+err.Error())
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(o.Nodes)) {
		if o.Nodes[name].Unread {
			r.happened(time.Since(r.zero), "note", name+" did not answer: what it has counted by now is unknown")
		}
		if r.heard.lostMore(name, o.Nodes[name].Lost) {
			r.happened(time.Since(r.zero), "note", name+" ended without having answered: what it had counted since it was read before is unknown")
		}
		if why := o.Nodes[name].Silent; why != "" {
			r.happened(time.Since(r.zero), "note", "the metrics of "+name+" could not be read: "+why)
		}
	}
	return o
}

// readBack accounts for all writes, those of built-in stores first. An interrupt cuts it short; after one it has little time.
func (r *run) readBack(ctx context.Context) {
	timeout := readTimeout
	if ctx.Err() != nil {
		ctx, timeout = context.WithoutCancel(ctx), readTimeoutCut
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r.reconcile(ctx)
	inPhases := r.recorder.AcknowledgedInPhases(of(r.declared()))
	r.writes.InPhases = &inPhases
	for _, one := range r.readDeclared(ctx) {
		r.writes.Declare(one)
	}
}

// reconcile compares the acknowledged writes with what the databases and queues hold, and looks for duplicates in those too
// that nobody was told of: what a queue's receiver writes, no user waits for.
func (r *run) reconcile(ctx context.Context) {
	acknowledged, declared := logical(r.o.Plan, r.recorder.Acknowledged()), r.declared()
	withoutThose(declared, acknowledged)
	if r.o.ReadWrites == nil && len(acknowledged) > 0 {
		r.writes = record.Reconcile(acknowledged, nil)
		r.writes.Why = "this run has no reader of writes"
		return
	}
	found := map[string]map[string]int{}
	var errs []error
	for _, store := range slices.Sorted(maps.Keys(acknowledged)) {
		counts, err := r.readStore(ctx, store)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found[store] = counts
	}
	r.readUntold(ctx, found)
	for _, counts := range found {
		leaveOut(declared, counts)
	}
	r.writes = record.Reconcile(acknowledged, found)
	if err := r.readEvents(ctx); err != nil {
		r.writes.Checked = false
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		r.writes.Why = err.Error()
	}
}

// readUntold reads the built-in stores that hold no write that a user was told of. One that can't be read leaves nothing
// in doubt that was promised; the record says so. Replicas are none: what is there twice is there twice on their primary, too.
func (r *run) readUntold(ctx context.Context, found map[string]map[string]int) {
	for _, n := range r.o.Plan.Scenario.Nodes {
		stores := n.Kind == scenarios.KindDatabase || n.Kind == scenarios.KindQueue || n.Kind == scenarios.KindStream
		if found[n.Name] != nil || !stores || n.ReplicaOf != "" || !n.BuiltIn() || r.o.ReadWrites == nil {
			continue
		}
		counts, err := r.readStore(ctx, n.Name)
		if err != nil {
			r.happened(time.Since(r.zero), "note", "its duplicates are not counted: "+err.Error())
			continue
		}
		found[n.Name] = counts
	}
}

// readStore reads what all instances of a node hold (or one instance, where writes name that), or who was promoted in
// its place.
func (r *run) readStore(ctx context.Context, store string) (map[string]int, error) {
	if n := r.o.Plan.Scenario.Node(store); n != nil && n.KeepsNothing() {
		return r.readTakers(ctx, n)
	}
	counts := map[string]int{}
	any := false
	if leader := r.leader(store); leader != "" {
		store = leader
	}
	for _, i := range r.o.Plan.Instances {
		if i.Node.Name != store && i.Name != store {
			continue
		}
		any = true
		one, err := r.readInstance(ctx, i, r.o.ReadWrites)
		if err != nil {
			return nil, fmt.Errorf("read writes of %q back: %w", i.Name, err)
		}
		for id, n := range one {
			counts[id] += n
		}
	}
	if !any {
		return nil, fmt.Errorf("read writes of %q back: there is no such node", store)
	}
	return counts, nil
}

// readTakers reads what was got from a broker that keeps nothing by those who take from it: what none of them got is gone.
func (r *run) readTakers(ctx context.Context, n *scenarios.Node) (map[string]int, error) {
	if strangers := r.o.Plan.Scenario.Strangers(n.Name); len(strangers) > 0 {
		return nil, fmt.Errorf("what %q gave to %q is not known: it keeps nothing, and an image tells nothing of what it got", n.Name, strangers[0])
	}
	takers, counts := r.o.Plan.Scenario.Takers(n.Name), map[string]int{}
	for _, i := range r.o.Plan.Instances {
		if !slices.Contains(takers, i.Node.Name) {
			continue
		}
		got, err := r.readInstance(ctx, i, r.o.ReadWrites)
		if err != nil {
			return nil, fmt.Errorf("read back what %q got from %q: %w", i.Name, n.Name, err)
		}
		for id, times := range got {
			if from, id, _ := strings.Cut(id, "/"); from == n.Name {
				counts[id] += times
			}
		}
	}
	return counts, nil
}

func (r *run) readInstance(ctx context.Context, i topology.Instance, read ReadBack) (map[string]int, error) {
	dial := func(ctx context.Context) (net.Conn, error) { return r.system.DialInstance(ctx, i.Name) }
	return read(ctx, dial, i)
}

// edges are the record's edges: what crossed each between two observations. Attempts, retries and
// failures are the caller's own counts; those of a client edge are its load's requests (or, where a
// load has several edges, the mesh's requests on each), those of an image's edge the mesh's requests.
func edges(p *topology.Plan, start, end *Observation, phases []record.Phase) []record.Edge {
	out := make([]record.Edge, 0, len(p.Edges))
	organic := map[[2]string]int64{}
	attempts := map[[2]string]int64{}
	blind := map[[2]string]bool{} // not all callers have told what they did
	answers := map[[2]string]EdgeCounters{}
	for _, e := range p.Edges {
		one := record.Edge{Name: e.Name, From: e.FromNode, To: e.ToNode, FromInst: e.From, ToInst: e.To}
		pair := [2]string{e.FromNode, e.ToNode}
		seen := meshOf(end, e.Name).since(meshOf(start, e.Name))
		one.Connections, one.Open, one.Requests = seen.Connections, seen.Open, seen.Requests
		one.BytesUp, one.BytesDown, one.FirstByteMs = seen.BytesUp, seen.BytesDown, seen.firstByteMs()
		one.AnswerMs = analysis.Answers(seen.Answers, seen.firstByteMs())
		answers[pair] = answers[pair].answeredWith(seen)
		calls, counted := callsOf(start, end, e)
		switch {
		case e.Client && len(p.EdgesFrom(e.From)) == 1:
			one.Attempts, one.Failures = sentBy(e.From, phases)
			one.OK = one.Attempts - one.Failures
			organic[pair] += one.Attempts
		case e.Client:
			one.Attempts = one.Requests
			organic[pair] += one.Attempts
		case counted:
			one.Attempts, one.Retries, one.Failures = calls.Attempts, calls.Retries, calls.Failures
			one.OK, one.GaveUp, one.InFlight = calls.Answered(), calls.GaveUp, calls.InFlight
			organic[pair] += calls.Organic
		default:
			one.Attempts = one.Requests // an image does not say what it retried, nor does who did not answer
			blind[pair] = true
		}
		one.Delivery = deliveryOver(p, start, end, e)
		attempts[pair] += one.Attempts
		out = append(out, one)
	}
	for i := range out {
		pair := [2]string{out[i].From, out[i].To}
		out[i].PairAnswerMs = analysis.Answers(answers[pair].Answers, answers[pair].firstByteMs())
		if organic[pair] > 0 && !blind[pair] {
			out[i].Amplification = float64(attempts[pair]) / float64(organic[pair])
		}
	}
	return out
}

func meshOf(o *Observation, edge string) EdgeCounters {
	if o == nil {
		return EdgeCounters{}
	}
	return o.Edges[edge]
}

// callsOf is what the caller itself counted on an edge; false where it counts nothing (an image, a load), could not
// be asked, or ended in between before it could be.
func callsOf(start, end *Observation, e topology.Edge) (wire.CallCounters, bool) {
	if end == nil {
		return wire.CallCounters{}, false
	}
	node, ok := end.Nodes[e.From]
	if !ok || node.Calls == nil || !wholeSince(start, end, e.From) {
		return wire.CallCounters{}, false
	}
	last := node.Calls[e.Callee()]
	if start != nil {
		last = last.Sub(start.Nodes[e.From].Calls[e.Callee()])
	}
	return last, true
}

// sentBy counts the requests that a load sent in the phases, and those of them that failed.
func sentBy(load string, phases []record.Phase) (sent, failed int64) {
	for _, p := range phases {
		for _, q := range p.Requests {
			if q.Load == load {
				sent += q.Sent + q.Cut - q.Unsent
				failed += q.Failed + q.Cut - q.Unsent
			}
		}
	}
	return sent, failed
}

// cpuSeconds is the CPU time that an instance used, where the engine can tell.
const cpuSeconds = "cpu_seconds_total"

// starvedTotal is how often the kernel killed something of an instance for want of memory; absent: never, or the engine can't tell.
const starvedTotal = "squall_out_of_memory_total"

// nodes are the record's nodes. Counters by the names of counters (they end in _total, _count or _sum)
// are differences over the phases, and absent where they could not be read at the begin; all others are gauges and stand as
// they were at the end.
func nodes(p *topology.Plan, start, end *Observation) []record.Node {
	out := make([]record.Node, 0, len(p.Instances))
	for _, i := range p.Instances {
		n := record.Node{Name: i.Node.Name, Instance: i.Name, Kind: string(i.Node.Kind), Counters: map[string]float64{}}
		if end != nil {
			last := end.Nodes[i.Name]
			first, known := NodeCounters{}, false
			if start != nil {
				first, known = start.Nodes[i.Name]
			}
			if known = known && !first.Unread; known {
				n.Restarts = last.Restarts - first.Restarts
			}
			var then *NodeCounters
			if known {
				then = first.told()
			}
			n.Types, n.LeftOut, n.Absent = last.Types, last.LeftOut, last.Absent
			for name, v := range last.Counters {
				switch {
				case !last.known(name, then): // it may have counted the warm-up too, and how much of it that is is unknown
				case last.Grows(name):
					n.Counters[name] = v - first.Counters[name]
				default:
					n.Counters[name] = v
				}
			}
			if cpu := last.CPU - first.CPU; known && cpu > 0 {
				n.Counters[cpuSeconds] = cpu.Seconds()
			}
			if starved := last.Starved - first.Starved; known && starved > 0 {
				n.Counters[starvedTotal] = float64(starved)
			}
		}
		out = append(out, n)
	}
	return out
}

// newTraces chooses among the requests of a plan.
func newTraces(p *topology.Plan, phases []record.Span) *traces.Collector {
	kinds := 0
	for _, l := range p.Scenario.Loads {
		kinds += len(l.Requests)
	}
	return traces.New(phases, kinds, p.Seed)
}

// askLater is how long after a second the spans are asked for: the counters of the same second are read before, and not among it.
const askLater = 50 * time.Microsecond

// trace asks for the spans of requests that were chosen, beside the loop, unless it is still asking: nodes remember them for seconds.
func (r *run) trace(ctx context.Context) {
	if r.tracing != nil {
		select {
		case <-r.tracing:
		default:
			return
		}
	}
	done := make(chan struct{})
	r.tracing = done
	r.operations.Go(func() {
		defer close(done)
		select {
		case <-time.After(askLater):
		case <-ctx.Done(): // and it is asked all the same: it is the last time
		}
		r.askSpans(ctx)
	})
}

// askSpans asks once, if there is anything to ask.
func (r *run) askSpans(ctx context.Context) {
	if wanted := r.traces.Wanted(); len(wanted) > 0 {
		r.traces.Heard(wanted, r.system.Spans(context.WithoutCancel(ctx), wanted), r.zero)
	}
}

// traceRest asks for what ended last.
func (r *run) traceRest(ctx context.Context) {
	if r.tracing != nil {
		<-r.tracing
	}
	r.askSpans(ctx)
}

// traced are the requests that were kept hop by hop.
func (r *run) traced(into *record.Result) {
	of := traces.System{Zero: r.zero, Edges: map[[2]string]string{}}
	for _, e := range r.o.Plan.Edges {
		of.Edges[[2]string{e.From, e.To}] = e.Name
	}
	for _, i := range r.o.Plan.Instances {
		if i.Node.BuiltIn() {
			of.Instances = append(of.Instances, i.Name)
		}
	}
	for _, f := range into.Faults {
		if f.AppliedS == nil {
			continue
		}
		one := traces.Fault{Name: f.Name, On: seconds(*f.AppliedS), Off: r.ran.plan.Total + drainMargin, Edges: f.Edges, Instances: f.Instances}
		if f.UndoneS != nil {
			one.Off = seconds(*f.UndoneS)
		}
		of.Faults = append(of.Faults, one)
	}
	into.Traced, into.Traces = r.traces.Traces(of)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
