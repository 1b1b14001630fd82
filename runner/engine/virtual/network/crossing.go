package network

import (
	"sync"
	"time"
)

// crossing is what is under way from one end of a stream to the other: everything that sets off until it lands, lands at once.
// Its stream's lock guards it.
type crossing struct {
	moments *moments // nil: it lands where it sets off
	key     uint64
	near    bool
	land    func() // at the other end, with the stream's lock
	mu      *sync.Mutex
	under   bool
	arrival event
}

// setOff lets what there is cross, and setOffLast an end: it takes longer than the way of a request to here took, so that whoever gave
// up after as long as its callee does ends the callee's work after the callee has, and not in the same ns now and then.
func (c *crossing) setOff()     { c.begin(0) }
func (c *crossing) setOffLast() { c.begin(endLater) }

func (c *crossing) begin(later time.Duration) {
	switch {
	case c.moments == nil:
		c.land()
		return
	case c.under:
		return
	}
	c.under = true
	c.key++
	if c.arrival.happen == nil {
		c.arrival.happen = c.arrive
	}
	c.moments.draw(&c.arrival, c.key, c.near, later)
}

func (c *crossing) arrive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.under = false
	c.land()
}
