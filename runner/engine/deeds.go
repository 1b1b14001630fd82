package engine

import (
	"context"

	"github.com/squallhq/squall/faults"
)

// deeds count what an instance does of what it is asked to do once, by its own counter: what is done at once by the time that
// it was asked, and a replay by the time that it is withdrawn.
type deeds struct {
	of   *instance
	what string // as faults.Ask.Deed says it
	// from and done are the counter before it was asked, and once it was; asked and told that these are known.
	from, done  float64
	asked, told bool
	turns       int
}

// deedCounters are the counters of what is done.
var deedCounters = map[string]string{
	faults.Promoted: "squall_promotions_total",
	faults.Flushed:  "squall_cache_purged_total",
	faults.Replayed: "squall_replayed_total",
}

// begin is called before the instance is asked, and before that is taken back. The instance's acts are held.
func (d *deeds) begin(ctx context.Context) {
	if d.turns == 0 {
		d.from, d.asked = d.read(ctx)
	}
}

// turn is called once it was asked, and once that was taken back. What was done at once stands from the first time on, unless the
// instance was away then and did it later; a replay goes on.
func (d *deeds) turn(ctx context.Context) {
	d.turns++
	if d.turns > 1 && d.told && d.done > d.from && d.what != faults.Replayed {
		return // what came since was another's
	}
	d.done, d.told = d.read(ctx)
}

func (d *deeds) read(ctx context.Context) (float64, bool) {
	d.of.read(ctx)
	c := d.of.counters()
	return c.Counters[deedCounters[d.what]], !c.Unread
}

func (d *deeds) deed() faults.Deed {
	return faults.Deed{Instance: d.of.plan.Name, What: d.what, N: int64(d.done - d.from), Unread: !d.asked || !d.told}
}
