package load

import (
	"context"
	"errors"
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/load/clock"
	"github.com/squallhq/squall/runner/record"
)

// runOpen lets vegeta drive the arrivals: our pacer waits for each intended time, vegeta hands a
// tick to a worker (a new one if all are busy), and the worker calls our RoundTripper.
func (c *class) runOpen(ctx context.Context) {
	p := newPacer(ctx, c)
	defer p.close()
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{Transport: roundTripper(func() { c.visit(ctx, <-p.released) })}),
		vegeta.MaxBody(0),
	)
	// Each worker hands its result over an unbuffered channel; reading it at once, and doing
	// nothing with it, is what keeps results from ever holding up the schedule.
	for range attacker.Attack(target, p, 0, "") {
	}
	for len(p.released) > 0 { // never: every tick reaches the RoundTripper. Counted all the same.
		c.leave()
		c.unsent(<-p.released, record.ErrUnsent)
	}
}

// target is what vegeta believes it hits; the RoundTripper builds the true request.
func target(t *vegeta.Target) error {
	t.Method, t.URL = http.MethodGet, "http://squall"
	return nil
}

// pacer is vegeta's clock. Vegeta asks it before every hit; it returns when the next request is
// due, having put it into released, and never lets vegeta do the waiting.
type pacer struct {
	class    *class
	arrivals *arrivals
	// wait waits for a moment; its error says that the load is to end, or that the course has turned.
	wait func(time.Time) error
	// turned is closed when the course is another than the one that the arrivals know; nil: it never is.
	turned <-chan struct{}
	close  func()
	// released are the requests that a worker will pick up at once. All of them are in flight, so
	// that their number is within the load's limit and putting one in never blocks.
	released chan request
	// passed are how many arrivals of others come before the one that was told last, and before is what the arrivals were before all of those.
	passed uint64
	before arrivals
}

var _ vegeta.Pacer = (*pacer)(nil)

func newPacer(ctx context.Context, c *class) *pacer {
	w := c.waiter(c.options.FineWait)
	p := &pacer{
		class:    c,
		arrivals: newArrivals(c.load, c.order.Seed, c.order.From, c.order.Until),
		close:    w.Close,
		released: make(chan request, c.limit),
	}
	p.wait = func(until time.Time) error { return w.WaitUnless(ctx, until, p.turned) }
	if c.order.Course != nil {
		_, p.turned = c.order.Course.Look()
	}
	return p
}

// ahead goes on to the next arrival that is this generator's own, past those of others, for which it does not wait: where the course turns
// before it has come, they come at other times, and it goes back to where it was.
func (p *pacer) ahead() (at time.Duration, ok bool) {
	others := p.class.order.Shard.Next(p.class.mix.arrived) - p.class.mix.arrived
	if p.passed = 0; others > 0 {
		p.before = *p.arrivals
	}
	for at, ok = p.arrivals.next(); ok && p.passed < others; at, ok = p.arrivals.next() {
		p.passed++
	}
	return at, ok
}

// turn has the arrivals keep to the course as it is now, and is when the next one of this generator comes.
func (p *pacer) turn() (at time.Duration, ok bool) {
	way := p.look()
	if p.class.order.Shard.Next(p.class.mix.arrived) == p.class.mix.arrived {
		return p.arrivals.turn(way)
	}
	*p.arrivals = p.before
	p.arrivals.along(way)
	return p.ahead()
}

// next waits for the next intended time. Where it is not ok there is none any more, or the load is to end: then err says so, and at is
// when it would have been, where the schedule has it.
func (p *pacer) next() (at time.Duration, ok bool, err error) {
	order := p.class.order
	for at, ok = p.ahead(); ok || order.Course != nil; at, ok = p.turn() {
		when := at
		if !ok {
			when = p.arrivals.until
		}
		switch err := p.wait(order.Zero.Add(when)); {
		case errors.Is(err, clock.ErrTurned):
		case err != nil && ok:
			return at, false, err
		case err != nil:
			return course.Never, false, err // nothing was due
		case ok:
			return at, true, nil
		case order.Course.Over(when):
			return 0, false, nil
		}
	}
	return 0, false, nil
}

// look is the course's way as it is now.
func (p *pacer) look() *course.Way {
	way, turned := p.class.order.Course.Look()
	p.turned = turned
	return way
}

// Pace implements vegeta.Pacer: stop is true after the last arrival and when the run is interrupted.
func (p *pacer) Pace(time.Duration, uint64) (wait time.Duration, stop bool) {
	c := p.class
	for {
		at, ok, err := p.next()
		if err != nil {
			p.giveUp(at)
			return 0, true
		}
		if !ok {
			return 0, true
		}
		c.mix.skip(p.passed)
		r := c.mix.next(at)
		switch {
		case c.now() >= at+c.timeout:
			c.unsent(r, record.ErrUnsent) // its user has gone before the generator came round to it
		case !c.admit():
			c.unsent(r, record.ErrUnsent)
		default:
			p.released <- r
			return 0, false
		}
	}
}

// giveUp accounts for the arrivals that were due when the run was interrupted.
func (p *pacer) giveUp(at time.Duration) {
	for now, ok := p.class.now(), true; ok && at <= now; at, ok = p.ahead() {
		p.class.mix.skip(p.passed)
		p.class.unsent(p.class.mix.next(at), record.ErrCanceled)
	}
}

// Rate implements vegeta.Pacer; nothing of vegeta that we use asks for it.
func (p *pacer) Rate(elapsed time.Duration) float64 {
	return p.arrivals.rate.at(p.class.order.From + elapsed)
}

// roundTripper is where vegeta's workers meet the system: it takes the request that was released first, sends it (and
// the rest of its session) and records what came of it.
type roundTripper func()

var _ http.RoundTripper = roundTripper(nil)

// RoundTrip implements http.RoundTripper. Vegeta gets an empty answer. Its X-Vegeta-Seq header counts the
// same ticks; the request's own number differs from it once something stayed unsent.
func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	t()
	return &http.Response{
		StatusCode: http.StatusNoContent, Status: "204 No Content",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: r,
	}, nil
}
