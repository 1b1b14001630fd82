// Package passage counts what passes through a place where it stays for a while: requests in a node or behind an edge, attempts of a
// caller, messages in a queue. How many are inside is integrated over time at each change; how long each one stayed is summed as it
// leaves. Little's law says that the two agree, so each holds the other to account. It imports nothing of ours.
package passage

import (
	"sync"
	"time"
)

// Count counts one place. The zero value is empty. It is safe for concurrent use.
type Count struct {
	mu      sync.Mutex
	in, out int64
	inside  int64
	// area is inside, integrated until changed.
	area    time.Duration
	changed time.Time
	took    time.Duration
	// entered is the sum of when those inside came, counted from origin.
	entered time.Duration
	origin  time.Time
}

// Enter counts one that came at a time.
func (c *Count) Enter(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.origin.IsZero() {
		c.origin, c.changed = at, at
	}
	c.integrate(at)
	c.in++
	c.inside++
	c.entered += at.Sub(c.origin)
}

// Leave counts that one which came at entered has left.
func (c *Count) Leave(entered, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.integrate(at)
	c.out++
	c.inside--
	c.took += at.Sub(entered)
	c.entered -= entered.Sub(c.origin)
}

// integrate brings the area up to a time. Times of two goroutines may come in the other order: what is added then is negative, and
// the sum right. c.mu is held.
func (c *Count) integrate(at time.Time) {
	c.area += time.Duration(c.inside) * at.Sub(c.changed)
	c.changed = at
}

// Read is everything as it is at a time.
func (c *Count) Read(at time.Time) Reading {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.origin.IsZero() {
		return Reading{}
	}
	c.integrate(at)
	return Reading{
		In: c.in, Out: c.out, Inside: c.inside, Area: c.area, Took: c.took,
		Ages: time.Duration(c.inside)*at.Sub(c.origin) - c.entered,
	}
}

// Reading is what a place has counted until some moment.
type Reading struct {
	// In have come, Out have left, Inside are there: a gauge.
	In     int64 `json:"in"`
	Out    int64 `json:"out"`
	Inside int64 `json:"inside"`
	// Lost were inside when an earlier life of the place ended.
	Lost int64 `json:"lost,omitempty"`
	// Area is Inside integrated over time, Took the stays of those who have left, summed, and LostAges of those who were lost. Ages are
	// how long those inside have been there, summed: a gauge.
	Area     time.Duration `json:"area"`
	Took     time.Duration `json:"took"`
	LostAges time.Duration `json:"lost_ages,omitempty"`
	Ages     time.Duration `json:"ages,omitempty"`
}

// Add adds a later life of the place: who was inside at the end of the earlier one is lost.
func (r Reading) Add(later Reading) Reading {
	return Reading{
		In: r.In + later.In, Out: r.Out + later.Out, Inside: later.Inside, Lost: r.Lost + r.Inside + later.Lost,
		Area: r.Area + later.Area, Took: r.Took + later.Took,
		LostAges: r.LostAges + r.Ages + later.LostAges, Ages: later.Ages,
	}
}

// Sub is what came, left and stayed since an earlier reading; Inside and Ages are how much more there is than was then.
func (r Reading) Sub(o Reading) Reading {
	return Reading{
		In: r.In - o.In, Out: r.Out - o.Out, Inside: r.Inside - o.Inside, Lost: r.Lost - o.Lost,
		Area: r.Area - o.Area, Took: r.Took - o.Took,
		LostAges: r.LostAges - o.LostAges, Ages: r.Ages - o.Ages,
	}
}
