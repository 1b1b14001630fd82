package record

import (
	"fmt"
	"maps"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// cell is one kind of request in one phase.
type cell struct {
	sent, ok, degraded, failed, unsent int64

	latency, service       *hdrhistogram.Histogram
	latencySum, serviceSum time.Duration
	latencyMax, serviceMax time.Duration
	errors                 map[string]int64
}

func newCell() *cell {
	return &cell{latency: NewHistogram(), service: NewHistogram(), errors: map[string]int64{}}
}

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
	if s.Unsent {
		c.unsent++
		return
	}
	latency, service := s.Latency(), s.Done-s.Sent
	RecordDuration(c.latency, latency)
	RecordDuration(c.service, service)
	c.latencySum += latency
	c.serviceSum += service
	c.latencyMax = max(c.latencyMax, latency)
	c.serviceMax = max(c.serviceMax, service)
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
		Sent: c.sent, OK: c.ok, Degraded: c.degraded, Failed: c.failed, Unsent: c.unsent,
		LatencyMs: summary(c.latency, c.latencySum, c.latencyMax),
		ServiceMs: summary(c.service, c.serviceSum, c.serviceMax),
		Errors:    maps.Clone(c.errors),
	}
	if seconds > 0 {
		r.Rate = float64(c.sent) / seconds
		r.Goodput = float64(c.ok+c.degraded) / seconds
	}
	return r
}

func summary(h *hdrhistogram.Histogram, sum, most time.Duration) Latency {
	if h.TotalCount() == 0 {
		return Latency{}
	}
	return summarize(h, Milliseconds(sum/time.Duration(h.TotalCount())), most)
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
	case c.latency.TotalCount() != c.sent-c.unsent:
		return fmt.Errorf("%d latencies for %d requests sent", c.latency.TotalCount(), c.sent-c.unsent)
	}
	return nil
}
