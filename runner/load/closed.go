package load

import (
	"context"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/load/clock"
	"github.com/squallhq/squall/runner/record"
)

// A user of a closed load or a session is never faster than this, so that a system that answers
// in no time (or refuses in no time) does not make a loop that never lets time pass.
const (
	shortestTurn      = 100 * time.Microsecond
	shortestAfterFail = 10 * time.Millisecond
)

// runClosed runs each user in a loop of its own: think, send, wait for the answer. Every user
// begins at a random point of a think time, so that they do not march in step; without one a ns decides who is first.
func (c *class) runClosed(ctx context.Context) {
	var wg sync.WaitGroup
	for i := range c.load.Users {
		wg.Go(func() { c.user(ctx, i) })
	}
	wg.Wait()
}

func (c *class) user(ctx context.Context, n int) {
	w := clock.NewWaiter(false)
	defer w.Close()
	chance := newDraws(c.order.Seed, c.load.Name, "user", uint64(n))
	self := &memory{}
	at := c.order.From + time.Duration(n) + time.Duration(chance.float64()*float64(drawWork(&chance, c.load.Think)))
	for at < c.order.Until && w.Wait(ctx, c.order.Zero.Add(at)) == nil {
		// A closed load's users are the limit; they are all let in.
		c.inFlight.Add(1)
		c.meter.enter()
		r := c.dispatch(at)
		if c.mix.steps {
			at = c.walk(ctx, c.begin(r), self, &w, &chance, c.waits.add)
			continue
		}
		s := c.send(ctx, r, self)
		c.waits.add(s)
		at = c.afterwards(&chance, s)
	}
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
	w := clock.NewWaiter(false)
	defer w.Close()
	chance := newDraws(c.order.Seed, c.load.Name, "session", r.seq)
	if c.mix.steps {
		c.walk(ctx, c.begin(r), self, &w, &chance, func(record.Sample) {})
		return
	}
	s := c.send(ctx, r, self)
	for range session.Requests - 1 {
		at := c.afterwards(&chance, s)
		if at >= c.order.Until || w.Wait(ctx, c.order.Zero.Add(at)) != nil {
			return
		}
		next := c.dispatch(at)
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
		c.waits.think(think)
	}
	at := s.Done + think
	least := shortestTurn
	if s.Outcome == record.Failed {
		least = shortestAfterFail
	}
	return max(at, s.Intended+least)
}
