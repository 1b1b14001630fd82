package engine

import (
	"context"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/scenarios"
)

// deedCounter counts what an instance does, or what becomes of it, under an injection. The instance's acts are held while it is asked to.
type deedCounter interface {
	// begin is called before the injection is made so, and before it is taken back; turn after each.
	begin(context.Context)
	turn(context.Context)
	deed() faults.Deed
}

// starvations count how often the kernel kills something of an instance for want of memory.
type starvations struct {
	of         *instance
	turns      int
	from, last int64
}

func (s *starvations) begin(context.Context) {
	if s.turns == 0 {
		s.from = s.of.starvedSoFar()
	}
}

func (s *starvations) turn(context.Context) {
	s.turns++
	s.last = s.of.starvedSoFar()
}

func (s *starvations) deed() faults.Deed {
	return faults.Deed{Instance: s.of.plan.Name, What: faults.Starved, N: s.last - s.from}
}

// replacement tells whether an instance was replaced.
type replacement struct {
	of    *instance
	image string
	done  bool
}

func (*replacement) begin(context.Context) {}

func (r *replacement) turn(context.Context) {
	r.done = r.done || !r.of.down && r.of.told.image == r.image
}

func (r *replacement) deed() faults.Deed {
	d := faults.Deed{Instance: r.of.plan.Name, What: faults.Replaced}
	if r.done {
		d.N = 1
	}
	return d
}

// deeds count what an instance does of what it is asked to do once, by its own counter: what is done at once by the time that
// it was asked, and a replay by the time that it is withdrawn.
type deeds struct {
	of   *instance
	what string // as faults.Ask.Deed says it
	// from and done are the counter before it was asked, and once it was; asked and told that these are known. lives is how many of it were
	// lost by then.
	from, done  float64
	asked, told bool
	lives       int
	turns       int
}

// deedCounters are the counters of what is done.
var deedCounters = map[string]string{
	faults.Promoted: "squall_promotions_total",
	faults.Flushed:  "squall_cache_purged_total",
	faults.Replayed: "squall_replayed_total",
	faults.LookedUp: "squall_lookup_faults_total",
}

// begin is called before the instance is asked, and before that is taken back. The instance's acts are held.
func (d *deeds) begin(ctx context.Context) {
	if d.turns == 0 {
		d.from, d.lives, d.asked = d.read(ctx)
	}
}

// turn is called once it was asked, and once that was taken back. What was done at once stands from the first time on, unless the
// instance was away then and did it later; a replay goes on.
func (d *deeds) turn(ctx context.Context) {
	d.turns++
	if d.turns > 1 && d.told && d.done > d.from && d.what != faults.Replayed && d.what != faults.LookedUp {
		return // what came since was another's
	}
	done, lives, told := d.read(ctx)
	d.done, d.told = done, told && lives == d.lives
}

func (d *deeds) read(ctx context.Context) (n float64, lost int, told bool) {
	d.of.read(ctx)
	c := d.of.counters()
	return c.Counters[deedCounters[d.what]], c.Lost, !c.Unread
}

func (d *deeds) deed() faults.Deed {
	return faults.Deed{Instance: d.of.plan.Name, What: d.what, N: int64(d.done - d.from), Unread: !d.asked || !d.told}
}

// draining tells how an instance ended whose machine was drained.
type draining struct {
	of      *instance
	machine string
	// turns counts begins. down: it was ended before.
	turns int
	down  bool
	// how is its end, which was at ended; nil: it was ended before.
	how   *faults.DrainDeed
	ended time.Time
}

func (d *draining) begin(context.Context) {
	if d.turns == 0 {
		d.down = d.of.down
	}
	d.turns++
}

// turn notes how it has ended. The instance's acts are held.
func (d *draining) turn(context.Context) {
	if d.turns > 1 || d.down || !d.of.down {
		return
	}
	d.how, d.ended = &faults.DrainDeed{}, time.Now()
	if d.of.stopped != nil {
		d.how.Took, d.how.Killed = &d.of.stopped.Took, d.of.killed
	}
}

// traffic notes what there was on the edges into it when it began, and what was not answered by the end of all; waiting tells that some waits for its answer
// still, as if it had not ended.
func (d *draining) traffic(before, after map[string]mesh.EdgeStats) (waiting bool) {
	if d.how == nil || before == nil {
		return false
	}
	var open, underWay, unanswered int64
	for _, e := range d.of.edgesInto(d.of.plan.Name) {
		open += before[e.Name].Open
		underWay += before[e.Name].Awaiting.Inside
		unanswered += after[e.Name].Unanswered - before[e.Name].Unanswered
		waiting = waiting || after[e.Name].Awaiting.Inside > 0
	}
	d.how.Connections, d.how.InFlight = &open, &underWay
	if n := d.of.plan.Node; n.Kind != scenarios.KindDatabase && n.Speaks() == "" { // their protocols say goodbye, which nobody answers
		d.how.Unanswered = &unanswered
	}
	return waiting
}

func (d *draining) deed() faults.Deed {
	out := faults.Deed{Instance: d.of.plan.Name, What: faults.Drained, Drain: &faults.DrainDeed{Machine: d.machine}}
	if d.how != nil {
		out.N, out.Drain = 1, d.how
		out.Drain.Machine = d.machine
	}
	return out
}
