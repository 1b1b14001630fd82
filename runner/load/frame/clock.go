package frame

import (
	"sync/atomic"
	"time"
)

// Clock is a machine's clock, which nobody sets while it runs: it goes on from what the wall's was when it was made.
type Clock struct {
	base  time.Time
	ahead atomic.Int64 // ns
}

// NewClock is this machine's clock, so much ahead of what it is (for tests of who has another).
func NewClock(ahead time.Duration) *Clock {
	c := &Clock{base: time.Now()}
	c.ahead.Store(int64(ahead))
	return c
}

// Plant makes it so much ahead from now on, as somebody who sets it would (for tests).
func (c *Clock) Plant(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

// Now is its time in ns since 1970.
func (c *Clock) Now() int64 { return c.base.UnixNano() + int64(time.Since(c.base)) + c.ahead.Load() }

// Time is a time of it as this process has it.
func (c *Clock) Time(at int64) time.Time {
	return c.base.Add(time.Duration(at - c.base.UnixNano() - c.ahead.Load()))
}

// Of is a time of this process as the clock has it.
func (c *Clock) Of(t time.Time) int64 {
	return c.base.UnixNano() + int64(t.Sub(c.base)) + c.ahead.Load()
}
