package load

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Absent is a generator that was lost in the middle of a drive.
type Absent struct {
	// Since is when.
	Since time.Duration
	// Told tells that it has told of the nth request that arrives at an open load, or the nth session.
	Told func(load string, n uint64) bool
	// Unknown is told of each that was due and that it has not told of: it may have been sent.
	Unknown func(load string)
	// Unsent takes the sample of each that was due after that.
	Unsent func(record.Sample)
}

// StandIn accounts for what a generator does not send any more: it goes on along the schedule of the generator's shard, and sends nothing. What the
// users of closed loads, and sessions that had begun, would have sent, nobody knows.
func (g *Generator) StandIn(ctx context.Context, d runner.Drive, a Absent) error {
	d.Record, d.Follow = a.Unsent, nil
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, l := range d.Loads {
		if l.Users > 0 {
			continue
		}
		c, err := newClass(d, l, Options{}, newMeter(d))
		if err != nil {
			return fmt.Errorf("load %q: %w", l.Name, err)
		}
		wg.Go(func() { c.standIn(ctx, a) })
	}
	return nil
}

func (c *class) standIn(ctx context.Context, a Absent) {
	p := newPacer(ctx, c)
	defer p.close()
	for {
		at, ok, err := p.next()
		if !ok || err != nil {
			return
		}
		c.mix.skip(p.passed)
		n := c.mix.arrived
		switch r := c.mix.next(at); {
		case a.Told(c.load.Name, n):
		case at <= a.Since:
			a.Unknown(c.load.Name)
		default:
			c.unsent(r, record.ErrUnsent)
		}
	}
}

// Arrival says which arrival at an open load a request of a number is, as Absent counts them; false: it is none, but a later one of a session, a
// look at a write or the making of a connection.
func Arrival(l *scenarios.Load, seq uint64) (n uint64, is bool) {
	if l.Users > 0 || seq >= firstLook {
		return 0, false
	}
	length := sessionLength(l)
	return seq / length, seq%length == 0
}

// sessionLength is how many numbers each arrival at an open load has for its requests.
func sessionLength(l *scenarios.Load) uint64 {
	switch {
	case l.Session == nil:
		return 1
	case l.Steps() != nil:
		return uint64(len(l.Steps()))
	}
	return uint64(max(l.Session.Requests, 1))
}

// Check says what in an order is wrong, before it is driven.
func (g *Generator) Check(o order.Order) error {
	d := runner.Drive{Order: o}
	for _, l := range o.Loads {
		if _, err := newClass(d, l, Options{MaxBody: g.options.MaxBody}, newMeter(d)); err != nil {
			return fmt.Errorf("drive load %q: %w", l.Name, err)
		}
	}
	return nil
}
