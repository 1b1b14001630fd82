package network

import "sync"

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

// setOff lets what there is cross.
func (c *crossing) setOff() {
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
	c.moments.draw(&c.arrival, c.key, c.near)
}

func (c *crossing) arrive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.under = false
	c.land()
}
