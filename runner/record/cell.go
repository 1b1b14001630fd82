package record

import (
	"fmt"
	"maps"
	"time"
)

// cell is one kind of request in one phase.
type cell struct {
	sent, ok, degraded, failed, unsent, stale int64
	cut                                       int64 // in none of the others
	interrupted                               int64 // nor these

	latency [outcomes]times // by outcome
	service times
	errors  map[string]int64
}

// times is a distribution, with its sum and maximum to the ns.
type times struct {
	buckets
	sum, most time.Duration
}

func (t *times) add(d time.Duration) {
	t.buckets.add(micros(d))
	t.sum += d
	t.most = max(t.most, d)
}

func (t *times) summary() Latency {
	if t.total == 0 {
		return Latency{}
	}
	return summarize(t.total, t.quantile, Milliseconds(t.sum/time.Duration(t.total)), t.most)
}

// together is the summary of several distributions as one.
func together(all ...*times) Latency {
	var sum times
	for _, t := range all {
		for i, n := range t.counts {
			if n > 0 {
				sum.addTo(i, n)
			}
		}
		sum.sum += t.sum
		sum.most = max(sum.most, t.most)
	}
	return sum.summary()
}

func newCell() *cell { return &cell{errors: map[string]int64{}} }

func (c *cell) add(s Sample) {
	c.sent++
	switch s.Outcome {
	case OK:
		c.ok++
	case Degraded:
		c.degraded++
	case Failed:
		c.failed++
		c.errors[errorClass(s)]++
	}
	if s.Stale {
		c.stale++
	}
	if s.Unsent {
		c.unsent++
		return
	}
	c.latency[outcomeOf(s)].add(s.Latency())
	c.service.add(s.Done - s.Sent)
}

// errorClass is never empty for a failed sample.
func errorClass(s Sample) string {
	switch {
	case s.Error != "":
		return s.Error
	case s.Unsent:
		return ErrUnsent
	}
	return ErrOther
}

func (c *cell) request(n name, seconds float64) Request {
	r := Request{
		Load: n.load, Request: n.request,
		Sent: c.sent, OK: c.ok, Degraded: c.degraded, Failed: c.failed, Unsent: c.unsent, StaleReads: c.stale, Cut: c.cut, Interrupted: c.interrupted,
		LatencyMs: together(&c.latency[whole], &c.latency[degraded], &c.latency[failed]),
		AnswerMs:  optional(together(&c.latency[whole], &c.latency[degraded])), OKMs: optional(c.latency[whole].summary()),
		FailedMs: optional(c.latency[failed].summary()), ServiceMs: c.service.summary(),
		Errors: maps.Clone(c.errors),
	}
	return r.over(seconds)
}

// over is a request with its rates, of so long a time.
func (q Request) over(seconds float64) Request {
	if seconds > 0 {
		q.Rate = float64(q.Sent+q.Cut) / seconds
		q.Goodput = float64(q.OK+q.Degraded) / seconds
	}
	return q
}

// optional is nil for a summary of nothing: what nobody timed is not 0 ms.
func optional(l Latency) *Latency {
	if l.Count == 0 {
		return nil
	}
	return &l
}

func (c *cell) balance() error {
	var classed int64
	for _, n := range c.errors {
		classed += n
	}
	switch {
	case c.ok+c.degraded+c.failed != c.sent:
		return fmt.Errorf("ok %d + degraded %d + failed %d is not sent %d", c.ok, c.degraded, c.failed, c.sent)
	case classed != c.failed:
		return fmt.Errorf("errors add up to %d, failed is %d", classed, c.failed)
	}
	for outcome, want := range [outcomes]int64{whole: c.ok, degraded: c.degraded, failed: c.failed - c.unsent} {
		if got := c.latency[outcome].total; got != want {
			return fmt.Errorf("%d latencies for %d requests sent that ended as %s", got, want, outcomeNames[outcome])
		}
	}
	return nil
}
