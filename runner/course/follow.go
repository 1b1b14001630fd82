package course

import "time"

// Parts are a way as plain values, to be sent to who follows it elsewhere.
type Parts struct {
	Stretches []Stretch
	Total     time.Duration // of the plan
	Paces     map[string][]Pace
}

// Parts are the way's.
func (w *Way) Parts() Parts { return Parts{w.stretches, w.total, w.paces} }

// Way is the way again.
func (p Parts) Way() *Way { return &Way{p.Stretches, p.Total, p.Paces} }

// Follow is a course whose ways are those of another one, which is elsewhere: nobody changes it here, and it is over when Finish says so. The first is
// way.
func Follow(way *Way) *Course {
	return &Course{way: way, turned: make(chan struct{}), follows: make(chan struct{})}
}

// Take has it go another way.
func (c *Course) Take(way *Way) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.way = way
	close(c.turned)
	c.turned = make(chan struct{})
}

// Finish ends it. It may be called twice.
func (c *Course) Finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.over = true
		close(c.follows)
	}
}

// told waits, at the end of a way, until it is told that it is over, or of another way that goes on.
func (c *Course) told(now time.Duration) bool {
	for {
		c.mu.Lock()
		over, goesOn, turned := c.over, c.way.Total() > now, c.turned
		c.mu.Unlock()
		if over || goesOn {
			return over
		}
		select {
		case <-turned:
		case <-c.follows:
		}
	}
}
