package load

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load/multiplex"
	"github.com/squallhq/squall/runner/load/secure"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// class is one load during one drive.
type class struct {
	load    *scenarios.Load
	order   runner.Drive
	mix     *mix
	pool    *pool
	streams *multiplex.Pool // of a load that speaks HTTP/2; nil: it does not
	meter   *meter
	results *results
	options Options

	timeout time.Duration
	// limit is the most requests in flight, inFlight how many there are, hits how many were sent.
	limit    int64
	inFlight atomic.Int64
	hits     atomic.Uint64

	waits waits // of a closed load's users

	mu sync.Mutex // guards mix.next where requests are dispatched by many users at once
}

func newClass(d runner.Drive, l *scenarios.Load, o Options, m *meter, r *results) (*class, error) {
	edges := d.Edges[l.Name]
	switch {
	case len(edges) == 0:
		return nil, fmt.Errorf("no client edge")
	case d.Until <= d.From:
		return nil, fmt.Errorf("from %v until %v is no time", d.From, d.Until)
	case l.Users == 0 && l.Rate <= 0 && len(l.Stages) == 0 && l.Replay == nil:
		return nil, fmt.Errorf("neither users nor a rate nor stages")
	}
	mix, err := newMix(l, d.Seed, d.From)
	if err != nil {
		return nil, err
	}
	mix.writes = d.WriteSeed
	config, err := secure.Config(l)
	if err != nil {
		return nil, err
	}
	c := &class{
		load: l, order: d, mix: mix, meter: m, results: r, options: o,
		pool:    newPool(edges, d.Dial, config),
		timeout: l.Timeout,
		limit:   int64(l.MaxInFlight),
	}
	if c.timeout <= 0 {
		c.timeout = scenarios.DefaultClientTimeout
	}
	if c.limit <= 0 {
		c.limit = scenarios.DefaultMaxInFlight
	}
	if l.HTTP == "2" || l.HTTP == "h2c" {
		c.streams = multiplex.New(len(edges), config, func(ctx context.Context, edge int) (net.Conn, error) {
			conn, err := d.Dial(ctx, edges[edge])
			if err != nil {
				return nil, dialError{err}
			}
			return conn, nil
		})
	}
	return c, nil
}

// run drives the load until everything is answered or given up.
func (c *class) run(ctx context.Context) {
	stop := context.AfterFunc(ctx, c.pool.interrupt)
	defer func() {
		stop()
		c.pool.close()
		if c.streams != nil {
			c.streams.Close()
		}
	}()
	if c.load.Users > 0 {
		c.runClosed(ctx)
		return
	}
	c.runOpen(ctx)
}

// now is the time on the run's clock.
func (c *class) now() time.Duration { return time.Since(c.order.Zero) }

// dispatch names the load's next request.
func (c *class) dispatch(intended time.Duration) request {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mix.next(intended)
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
	hit := c.hits.Add(1) - 1
	deadline := c.order.Zero.Add(r.intended + c.timeout)
	s := record.Sample{
		Load: c.load.Name, Request: c.mix.name(r), Seq: r.seq,
		Intended: r.intended, Sent: c.now(), Outcome: record.Failed,
	}
	a, tries, err := c.attempt(ctx, r, deadline)
	s.Done = c.now()
	c.leave()
	if what := exhausted(err); what != "" {
		c.meter.ranOut.Store(&what)
		return c.unsent(r, record.ErrUnsent)
	}
	s.Status = a.status
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
	c.meter.sent(s)
	c.results.add(c, r, hit, s, a)
	c.order.Record(s)
	if s.Write != nil && s.Write.Outcome == record.Acknowledged && r.of == nil {
		s.Done = c.look(ctx, r, s.Done, user)
	}
	return s
}

// unsent takes the sample of a request that was intended and not sent.
func (c *class) unsent(r request, why string) record.Sample {
	s := record.Sample{
		Load: c.load.Name, Request: c.mix.name(r), Seq: r.seq, Intended: r.intended,
		Outcome: record.Failed, Error: why, Unsent: true,
	}
	c.meter.unsent(s)
	c.order.Record(s)
	s.Sent, s.Done = s.Intended, s.Intended
	return s
}
