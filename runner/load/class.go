package load

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/clock"
	"github.com/squallhq/squall/runner/load/figures"
	"github.com/squallhq/squall/runner/load/results"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// class is one load during one drive.
type class struct {
	*connections
	load    *scenarios.Load
	order   runner.Drive
	mix     *mix
	meter   *meter
	results *results.Writer
	options Options

	// wrong is why it can't be driven, as its server said.
	wrong error

	timeout time.Duration
	hits    atomic.Uint64 // that were sent
	waits   figures.Waits // of a closed load's users
}

func newClass(d runner.Drive, l *scenarios.Load, o Options, m *meter) (*class, error) {
	switch {
	case len(d.Edges[l.Name]) == 0:
		return nil, fmt.Errorf("no client edge")
	case d.Until <= d.From:
		return nil, fmt.Errorf("from %v until %v is no time", d.From, d.Until)
	case l.Users == 0 && l.Rate <= 0 && len(l.Stages) == 0 && l.Replay == nil:
		return nil, fmt.Errorf("neither users nor a rate nor stages")
	}
	mix, err := newMix(l, d.Targets[l.Name], d.Seed, d.From)
	if err != nil {
		return nil, err
	}
	mix.writes = d.WriteSeed
	c := &class{load: l, order: d, mix: mix, meter: m, options: o, timeout: cmp.Or(max(l.Timeout, 0), scenarios.DefaultClientTimeout)}
	c.connections, err = connect(d, l, o)
	return c, err
}

// run drives the load until everything is answered or given up.
func (c *class) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, c.pool.interrupt)
	defer func() {
		stop()
		c.connections.close()
	}()
	if c.methods != nil {
		if c.wrong = c.acquaint(ctx); c.wrong != nil {
			return
		}
	}
	if c.load.Users > 0 {
		c.runClosed(ctx)
		return
	}
	c.runOpen(ctx)
}

// now is the time on the run's clock.
func (c *class) now() time.Duration { return time.Since(c.order.Zero) }

// waiter waits for the moments for which requests are intended.
func (c *class) waiter(fine bool) clock.Waiter {
	return clock.NewWaiter(fine).Keeping(c.order.Keep)
}

// waitOnce waits for one.
func (c *class) waitOnce(ctx context.Context, until time.Time) error {
	w := c.waiter(false)
	defer w.Close()
	return w.Wait(ctx, until)
}

// admit counts a request in, or says that the limit is reached.
func (c *class) admit() bool {
	if c.inFlight.Add(1) > c.limit {
		c.inFlight.Add(-1)
		c.meter.limited.Store(true)
		return false
	}
	c.meter.enter()
	return true
}

// leave counts an admitted request out.
func (c *class) leave() {
	c.inFlight.Add(-1)
	c.meter.leave()
}

// send carries out an admitted request and takes its sample. Its user remembers where writes are; nil: nobody does.
func (c *class) send(ctx context.Context, r request, user *memory) record.Sample {
	r.written = user.tell()
	deadline := c.order.Zero.Add(r.intended + c.timeout)
	s, hit := c.begins(record.Sample{
		Load: c.load.Name, Request: c.mix.name(r), Seq: r.seq,
		Intended: r.intended, Sent: c.now(), Outcome: record.Failed,
	})
	a, tries, err := c.attempt(ctx, r, deadline)
	s.Done = c.now()
	c.leave()
	if what := exhausted(err); what != "" {
		c.meter.ranOut.Store(&what)
		c.forget(hit)
		return c.unsent(r, record.ErrUnsent)
	}
	if c.load.Protocol() == scenarios.HTTP {
		s.Status = a.status
	}
	switch {
	case err != nil:
		s.Error = classify(ctx, err)
	default:
		s.Outcome, s.Error = c.mix.kinds[r.kind].judge(a, r.visit)
	}
	if err == nil {
		s.Wrote, s.Stale = a.wrote, a.stale
		user.learn(a.position)
	}
	if s.Write = c.account(r, s, a, tries, err); s.Write != nil && s.Write.Read == record.ReadStale {
		s.Stale = true
	}
	c.over(r, s, hit, a)
	if s.Write != nil && s.Write.Outcome == record.Acknowledged && r.of == nil {
		s.Done = c.look(ctx, r, s.Done, user)
	}
	return s
}

// begins numbers a request that is about to be sent, and tells who follows.
func (c *class) begins(s record.Sample) (_ record.Sample, hit uint64) {
	hit = c.hits.Add(1) - 1
	if c.order.Follow != nil {
		c.order.Follow.Sent(s, hit)
	}
	return s, hit
}

// over takes the sample of a request that was sent.
func (c *class) over(r request, s record.Sample, hit uint64, a answer) {
	c.meter.sent(s)
	if c.results != nil || c.order.Follow != nil {
		e := results.Exchange{Status: a.status, BytesOut: a.bytesOut, BytesIn: a.bytesIn}
		if c.results != nil || c.order.Exchanges {
			e.Method, e.URL = c.mix.kinds[r.kind].method, c.mix.url(r)
		}
		c.results.Add(results.Hit{
			Load: c.load.Name, Number: hit, Intended: c.order.Zero.Add(s.Intended), Latency: s.Latency(), Exchange: e, Error: s.Error,
		})
		if c.order.Follow != nil {
			c.order.Follow.Done(s, hit, e)
			return
		}
	}
	c.order.Record(s)
}

// forget takes back that a request was about to be sent.
func (c *class) forget(hit uint64) {
	if c.order.Follow != nil {
		c.order.Follow.Forget(c.load.Name, hit)
	}
}

// unsent takes the sample of a request that was intended and not sent.
func (c *class) unsent(r request, why string) record.Sample {
	s := record.Sample{
		Load: c.load.Name, Request: c.mix.name(r), Seq: r.seq, Intended: r.intended,
		Outcome: record.Failed, Error: why, Unsent: true,
	}
	c.meter.unsent(s)
	if c.order.Follow != nil {
		c.order.Follow.Unsent(s)
	} else {
		c.order.Record(s)
	}
	s.Sent, s.Done = s.Intended, s.Intended
	return s
}
