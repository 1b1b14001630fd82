package runner

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// say tells the watcher what happens, in a state that stays where none is given.
func (r *run) say(state, message string) {
	if r.zero.IsZero() {
		r.tell(state, message, 0)
		return
	}
	r.tell(state, message, time.Since(r.zero))
}

// report is the line of each second.
func (r *run) report(now time.Duration) { r.tell("", "", now) }

func (r *run) tell(state, message string, now time.Duration) {
	var active []string
	lifted := false
	for _, i := range r.everyInjection() {
		if i.active() {
			active = append(active, i.title())
		}
		i.mu.Lock()
		lifted = lifted || i.undone != nil
		i.mu.Unlock()
	}
	var live record.Live
	if r.o.Watch != nil {
		live = r.recorder.Live(now)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if state != "" {
		r.state = state
	}
	shown := r.state
	if shown == "running" && lifted && len(active) == 0 {
		shown = "recovering"
	}
	if r.o.Watch == nil {
		return
	}
	r.o.Watch(record.Status{
		State: shown, Message: message, Phase: r.phaseAt(now),
		Elapsed: now, Total: r.course.Onward(now).Total(),
		Rate: live.Rate, Success: live.Success, P99: live.P99, Answers: live.Answers, Faults: active,
		Look: func() record.Scene { return r.scene(now) },
	})
}

// phaseAt is the phase of an offset; empty before the first and after the last.
func (r *run) phaseAt(at time.Duration) string {
	if r.zero.IsZero() {
		return ""
	}
	return r.phaseName(r.course.Present(at))
}

// heard are the last two readings of all counters, the newest last. A nil one was not made yet.
type heard struct {
	texts texts // of the readings of a series

	mu           sync.Mutex
	before, last *Observation
	folded       *folded        // readings of the series that are let go
	lost         map[string]int // lives of each instance that are known to have ended unread
}

// lostMore tells, once, that more lives of an instance ended unread than was known.
func (h *heard) lostMore(instance string, lives int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if lives <= h.lost[instance] {
		return false
	}
	if h.lost == nil {
		h.lost = map[string]int{}
	}
	h.lost[instance] = lives
	return true
}

func (h *heard) take(o *Observation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last == nil || o.At.After(h.last.At) {
		h.before, h.last = h.last, o
	}
}

// keep puts a reading into its place, which whoever looks at the run may be reading.
func (h *heard) keep(into **Observation, o *Observation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*into = o
}

// observing reads all counters beside the loop, which goes on keeping time. What is due at the time of the reading before is that one: of two at
// once nobody decides which asks an instance first.
func (r *run) observing(ctx context.Context, into **Observation) {
	if r.latestReading != nil && r.latestReading.due == r.due {
		r.heard.share(r.latestReading, into)
		return
	}
	one := &sharedReading{due: r.due, into: []**Observation{into}}
	r.latestReading = one
	r.beside(func() {
		if o := r.observe(ctx); o != nil {
			r.heard.end(one, o)
		}
	})
}

// sharedReading is one of all counters, due at a time of the run's course.
type sharedReading struct {
	due  time.Duration
	into []**Observation
	of   *Observation // nil: it is under way, or has failed
}

// share has a reading go to another place, too.
func (h *heard) share(one *sharedReading, into **Observation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one.into = append(one.into, into)
	if one.of != nil {
		*into = one.of
	}
}

// end puts a reading into all of its places.
func (h *heard) end(one *sharedReading, o *Observation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one.of = o
	for _, into := range one.into {
		*into = o
	}
}

func (h *heard) both() (before, last *Observation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.before, h.last
}

// scene is all that is to be seen of the run at an offset.
func (r *run) scene(now time.Duration) record.Scene {
	out := record.Scene{Requests: r.recorder.LiveRequests(now), Faults: r.liveFaults(now)}
	before, last := r.heard.both()
	if last == nil {
		return out
	}
	r.addEdges(&out, before, last)
	open := map[string]int{}
	for _, i := range r.o.Plan.Instances {
		n := int(last.Nodes[i.Name].Counters["squall_breakers_open"])
		if open[i.Node.Name] == 0 && n > 0 {
			out.Breakers = append(out.Breakers, record.LiveBreakers{Node: i.Node.Name})
		}
		open[i.Node.Name] += n
	}
	for i := range out.Breakers {
		out.Breakers[i].Open = open[out.Breakers[i].Node]
	}
	return out
}

func (r *run) liveFaults(now time.Duration) []record.LiveFault {
	var out []record.LiveFault
	way := r.course.Onward(now)
	for _, i := range r.everyInjection() {
		if on, is := i.on(); is {
			if i.act == planned {
				on.Until = way.At(on.Until)
			}
			out = append(out, record.LiveFault{Text: i.title(), Left: on.Until - now, Stays: on.Until >= way.Total()})
		}
	}
	return out
}

// addEdges adds what crossed the edges between two readings, and what waits in queues.
func (r *run) addEdges(out *record.Scene, before, last *Observation) {
	edges, queues := map[[2]string]*record.LiveEdge{}, map[[2]string]*record.LiveQueue{}
	told := map[[2]string]bool{} // by the caller's instance: each edge of one says the same of what waits
	var pairs [][2]string
	for _, e := range r.o.Plan.Edges {
		pair := [2]string{e.FromNode, e.ToNode}
		if edges[pair] == nil {
			pairs = append(pairs, pair)
			edges[pair] = &record.LiveEdge{From: e.FromNode, To: e.ToNode}
		}
		if before != nil {
			c := crossing(before, before, last, e)
			edges[pair].Attempts += c.Attempts
			edges[pair].Failures += c.Failures
			edges[pair].GaveUp += c.GaveUp
		}
		d := deliveryOver(r.o.Plan, nil, last, e)
		if d == nil || told[[2]string{e.From, e.ToNode}] {
			continue
		}
		told[[2]string{e.From, e.ToNode}] = true
		if queues[pair] == nil {
			queues[pair] = &record.LiveQueue{From: e.FromNode, To: e.ToNode}
		}
		queues[pair].Waiting += d.Backlog
		queues[pair].Oldest = max(queues[pair].Oldest, time.Duration(d.LagS*float64(time.Second)))
	}
	for _, pair := range pairs {
		if edges[pair].Attempts > 0 {
			out.Edges = append(out.Edges, *edges[pair])
		}
		if queues[pair] != nil {
			out.Queues = append(out.Queues, *queues[pair])
		}
	}
}

// look is a run under way at one moment: what the loop hands out of its own, so that it is not held up by who looks.
type look struct {
	run     *run
	now     time.Duration
	start   *Observation
	turned  []*Observation
	sampled []*Observation
	folded  *folded
	last    *Observation
	seen    []record.Event // of what others did
	turns   []turn
	alerts  []record.Alert
	asked   *record.AlertsAsked
	trips   []record.Trip
	ran     ran
}

func (r *run) look(now time.Duration) look {
	as := asRan(r.o.Plan, r.course.Onward(now))
	l := look{run: r, now: min(now, as.plan.Total), seen: slices.Clone(r.seen), turns: r.turnsUntilNow(), ran: as,
		alerts: slices.Clone(r.alerts), asked: r.monitored.Until(now), trips: slices.Clone(r.trips)}
	r.heard.mu.Lock()
	defer r.heard.mu.Unlock()
	l.start, l.last, l.turned, l.sampled = r.start, r.heard.last, slices.Clone(r.turned), r.samples()
	l.folded = r.heard.folded
	return l
}

// account makes the record of a run that goes on, again and again: what has not changed since is not worked out again.
type account struct {
	follower *record.Follower
	phases   map[int]counted
	moments  momentsSoFar
}

// counted is what was counted in a phase that has ended, when its requests were so many.
type counted struct {
	requests int64
	phase    record.Phase
}

// record is what was measured by the time of a look.
func (a *account) record(l look) *record.Result {
	r := l.run
	res := r.begun()
	res.Verdict, res.Reasons = record.UnderWay, []string{}
	res.DurationS, res.Trips = record.Seconds(max(l.now, 0)), l.trips
	res.Phases, res.Windows = a.follower.Phases(l.now), a.follower.Windows()
	res.Series = a.moments.until(r, l.folded, inTime([]*Observation{l.start}, l.turned, l.sampled))
	last := l.last
	if l.start == nil || last != nil && last.At.Before(l.start.At) {
		last = nil // it is of the warm-up
	}
	if l.start != nil && last != nil {
		res.Edges = edges(r.o.Plan, l.start, last, res.Phases)
	}
	res.Nodes = nodes(r.o.Plan, l.start, last)
	l.ran.plannedTimes(res, r.o.Plan)
	for i := range res.Phases {
		a.count(&res.Phases[i], i, l, last)
	}
	for n, i := range r.injections {
		f := r.carriedOut(n, i, l.ran)
		f.RecoveryUntold = "the run goes on"
		if f.UndoneS == nil {
			f.Receipt = record.Receipt{Text: "it is read when the fault is off"}
		}
		res.Faults = append(res.Faults, f)
	}
	touched := r.handTouches()
	inOrder(touched)
	res.Actions = r.actions(touched, l.turns)
	res.Alerts, res.AlertsAsked = l.alerts, l.asked
	res.Events = r.chronicle.Told(l.seen...)
	return res
}

// count gives a phase its edges and nodes: until its end, or while it goes on until the last reading.
func (a *account) count(p *record.Phase, i int, l look, last *Observation) {
	start, end := l.ran.bounds(l.start, l.turned, i)
	if p.EndS > record.Seconds(l.now)-1e-6 {
		l.run.phaseCounts(p, start, last)
		return
	}
	var requests int64
	for _, q := range p.Requests {
		requests += q.Sent + q.Cut
	}
	if was, known := a.phases[i]; known && was.requests == requests {
		p.Edges, p.Nodes = was.phase.Edges, was.phase.Nodes
		return
	}
	l.run.phaseCounts(p, start, end)
	if start != nil && end != nil { // else a reading is still under way, or failed
		a.phases[i] = counted{requests, *p}
	}
}
