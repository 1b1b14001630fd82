package load

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/clock"
	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/record"
)

// shortestAfterFail is figures.ShortestTurn of a user whose request has failed: a system may refuse in no time.
const shortestAfterFail = 10 * time.Millisecond

// runClosed runs each user in a loop of its own: think, send, wait for the answer. Every user
// begins at a random point of a think time, so that they do not march in step; without one a ns decides who is first.
func (c *class) runClosed(ctx context.Context) {
	var wg sync.WaitGroup
	for n := c.order.Shard.Next(0); n < c.mix.users; n = c.order.Shard.Next(n + 1) {
		wg.Go(func() { c.user(ctx, int(n)) })
	}
	wg.Wait()
}

func (c *class) user(ctx context.Context, n int) {
	w := c.waiter(false)
	defer w.Close()
	chance := newDraws(c.order.Seed, c.load.Name, "user", uint64(n))
	self, count := &memory{}, c.mix.user(uint64(n))
	at := c.order.From + time.Duration(n) + time.Duration(chance.float64()*float64(drawWork(&chance, c.load.Think)))
	for c.due(ctx, w, at) {
		// A closed load's users are the limit; they are all let in.
		c.inFlight.Add(1)
		c.meter.enter()
		r := c.mix.of(count, at)
		if c.mix.steps {
			at = c.walk(ctx, c.begin(r), self, &w, &chance, c.waits.Add)
			continue
		}
		s := c.send(ctx, r, self)
		c.waits.Add(s)
		at = c.afterwards(&chance, s)
	}
}

// due waits for an intended time; false: the drive ends before it, or is to end. Where the course may turn, so may the drive's end: who
// waits past it waits until it has come.
func (c *class) due(ctx context.Context, w clock.Waiter, at time.Duration) bool {
	if c.order.Course == nil {
		return at < c.order.Until && w.Wait(ctx, c.order.Zero.Add(at)) == nil
	}
	for {
		way, turned := c.order.Course.Look()
		end := way.Total()
		err := w.WaitUnless(ctx, c.order.Zero.Add(min(at, end)), turned)
		switch {
		case errors.Is(err, clock.ErrTurned):
		case err != nil:
			return false
		case at < end:
			return true
		case c.order.Course.Over(end):
			return false
		}
	}
}

// until is when the drive ends, as far as that is known.
func (c *class) until() time.Duration { return until(c.order) }

func until(d runner.Drive) time.Duration {
	if d.Course == nil {
		return d.Until
	}
	return d.Course.Way().Total()
}

// visit sends a request and, where the load has sessions, the rest of its session. A further
// request that would come after the end of the drive is not intended any more.
func (c *class) visit(ctx context.Context, r request) {
	session := c.load.Session
	if session == nil {
		c.send(ctx, r, nil)
		return
	}
	self := &memory{}
	w := c.waiter(false)
	defer w.Close()
	chance := newDraws(c.order.Seed, c.load.Name, "session", r.seq)
	if c.mix.steps {
		c.walk(ctx, c.begin(r), self, &w, &chance, func(record.Sample) {})
		return
	}
	s := c.send(ctx, r, self)
	for _, next := range r.rest {
		at := c.afterwards(&chance, s)
		if !c.due(ctx, w, at) {
			return
		}
		next.intended = at
		if c.admit() {
			s = c.send(ctx, next, self)
			continue
		}
		c.unsent(next, record.ErrUnsent)
		s = record.Sample{Intended: at, Done: at, Outcome: record.Failed}
	}
}

// afterwards is when the user's next request is intended.
func (c *class) afterwards(chance *draws, s record.Sample) time.Duration {
	think := drawWork(chance, c.load.Think)
	if c.load.Users > 0 && s.Intended >= 0 {
		c.waits.Think(think)
	}
	at := s.Done + think
	least := figures.ShortestTurn
	if s.Outcome == record.Failed {
		least = shortestAfterFail
	}
	return max(at, s.Intended+least)
}
