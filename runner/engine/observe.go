package engine

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/wire"
)

// Observe reads the mesh's counters and every instance's, whatever is being done to it just now. One that is ended or
// stands still has what it was read to have before; one that does not answer is marked. Counters of a restarted
// instance go on from what it had counted before.
func (s *system) Observe(ctx context.Context) (runner.Observation, error) {
	o := runner.Observation{Edges: map[string]runner.EdgeCounters{}, Nodes: map[string]runner.NodeCounters{}}
	var (
		stats   map[string]mesh.EdgeStats
		err     error
		reading sync.WaitGroup
	)
	var told sync.WaitGroup // by others' programs, which nothing of ours waits for
	for _, i := range s.instances {
		reading.Go(func() { i.read(ctx) })
		if i.exposed != nil {
			told.Go(func() { i.listen(ctx, exposedTimeout) })
		}
	}
	reading.Go(func() {
		begun := time.Now()
		stats, err = s.traffic(ctx)
		o.MeshTook = time.Since(begun)
	})
	reading.Wait()
	o.At = time.Now()
	told.Wait()
	if err != nil {
		return o, err
	}
	for name, e := range stats {
		o.Edges[name] = runner.EdgeCounters{
			Connections: e.Connections, Open: e.Open, Requests: e.Requests,
			BytesUp: e.BytesUp, BytesDown: e.BytesDown,
			FirstBytes: e.FirstBytes, FirstByteTotal: e.FirstByteTotal, Answers: e.Answers,
			Unanswered: e.Unanswered, Awaiting: e.Awaiting, Lacked: e.Lacked,
		}
	}
	for _, i := range s.instances {
		o.Nodes[i.plan.Name] = i.counters()
	}
	if m, ok := s.testbed.(Meter); ok {
		o.MeshCPU, _ = m.CPU(ctx)
	}
	return o, nil
}

// oneByOne is held by one reading of a place at a time: on a busy machine two that are under way at once may see its counters in either order, and
// less would have been counted by the end of a phase than by its begin. nil: nobody waits.
type oneByOne chan struct{}

// take waits until those before have let go, or ctx ends: false.
func (o oneByOne) take(ctx context.Context) bool {
	if o == nil {
		return true
	}
	select {
	case o <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (o oneByOne) letGo() {
	if o != nil {
		<-o
	}
}

// traffic are the mesh's counters by edge.
func (s *system) traffic(ctx context.Context) (map[string]mesh.EdgeStats, error) {
	if !s.readings.take(ctx) {
		return nil, fmt.Errorf("read the mesh's counters: %w", context.Cause(ctx))
	}
	defer s.readings.letGo()
	stats, err := s.mesh.Stats(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the mesh's counters: %w", err)
	}
	out := make(map[string]mesh.EdgeStats, len(stats))
	for _, e := range stats {
		out[e.Name] = e
	}
	return out, nil
}

// lastTimeout bounds the reading before an instance is ended: one that is stuck keeps its last counters.
const lastTimeout = 500 * time.Millisecond

// lastReading reads what an instance has counted just before it can't be asked any more: all of it at once, as somebody waits for the end.
func (i *instance) lastReading(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lastTimeout)
	defer cancel()
	var told sync.WaitGroup
	if i.exposed != nil {
		told.Go(func() { i.listen(ctx, lastTold) })
	}
	i.read(ctx)
	told.Wait()
}

// unseen takes note that what it counts from its last reading to now is not known before it goes on: it has been ended or stopped just now.
func (i *instance) unseen() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.readAt.IsZero() {
		i.last.Unseen = time.Since(i.readAt)
	}
}

// read asks this incarnation for its counters, and then for its CPU time, which whoever is about to end it does not wait for. One that is away
// keeps its last ones, and so does one that does not answer, which is then unread.
func (i *instance) read(ctx context.Context) {
	if i.isAway() || i.standsStill() {
		return
	}
	p := i.current()
	if i.image() {
		i.goesOn(p)
	} else {
		i.readCounters(ctx, p)
	}
	m, ok := p.(Meter)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	cpu, told := m.CPU(ctx)
	i.mu.Lock()
	defer i.mu.Unlock()
	if told && i.process == p && !i.away {
		i.last.CPU = max(cpu, i.last.CPU)
	}
}

// goesOn notes of somebody else's program, which is asked for no counters of ours, that it does not stand still any more.
func (i *instance) goesOn(p Process) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.process == p && !i.away && !i.still {
		i.unread = false
	}
}

// readCounters asks a built-in node, when the reading before is done.
func (i *instance) readCounters(ctx context.Context, p Process) {
	asked := time.Now()
	if i.readings.take(ctx) {
		defer i.readings.letGo()
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	begun, turn := time.Now(), i.asked.Add(1)
	var stats wire.Stats
	err := i.ask(ctx, http.MethodGet, i.adminURL(wire.AdminStats), nil, &stats)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.process != p || i.away || turn < i.answered {
		return // it was ended while we read, or a later reading is done
	}
	i.answered, i.unread = turn, err != nil
	if i.unread {
		return
	}
	i.readAt = begun
	i.last = runner.NodeCounters{
		Calls: stats.Calls, Counters: stats.Counters, Stays: stats.Stays, Attempts: stats.Attempts, Waits: stats.Waits,
		Took: time.Since(asked), CPU: i.last.CPU,
	}
}

const (
	// exposedTimeout bounds the reading of what somebody else's program tells: whoever is slower is unread. lastTold is that before an
	// end that somebody waits for.
	exposedTimeout = 500 * time.Millisecond
	lastTold       = 200 * time.Millisecond
)

// listen reads what an image tells of what it counts. One that does not answer keeps what it told last, and is silent; one that
// nobody has said would tell is silent only once it has told.
func (i *instance) listen(ctx context.Context, most time.Duration) {
	if i.exposed == nil || i.isAway() || i.standsStill() {
		return
	}
	ctx, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("it did not answer within %s", most))
	defer cancel()
	p, turn := i.current(), i.heeded.Add(1)
	at, said, _ := i.plan.Node.Exposes()
	told, err := i.exposed.Read(ctx, i.client, i.site(strconv.Itoa(at.Port))+at.Path)
	if err != nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.process != p || i.away || turn < i.heededLast {
		return // it was ended while we read, or a later reading is done
	}
	i.heededLast = turn
	if err != nil {
		if said || i.before.Types != nil || i.last.Types != nil {
			i.silent = err.Error()
		}
		return
	}
	i.silent = ""
	now := runner.NodeCounters{Counters: told.Counters, CPU: i.last.CPU, Exposed: runner.Exposed{Types: told.Types, LeftOut: told.LeftOut, Absent: told.Absent}}
	for name, n := range i.last.Counters {
		if runner.Harness(name) { // what was done to it
			now.Counters[name] = n
		}
	}
	i.before = i.before.Add(i.last.Resumed(now))
	i.last = now
}

// standsStill tells that somebody else keeps it from running: what it has counted since it was read last is unknown.
func (i *instance) standsStill() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.unread = i.unread || i.still
	return i.still
}

// counters are those of all incarnations.
func (i *instance) counters() runner.NodeCounters {
	i.mu.Lock()
	defer i.mu.Unlock()
	total := i.before.Add(i.last)
	total.Silent, total.Lapses = i.silent, i.lapses
	total.Restarts, total.Starved, total.Unread, total.Lost = i.restarts, i.starvations, i.unread, i.lost
	return total
}
