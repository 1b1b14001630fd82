package order

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// Notice is what loads are told of one edge while they run.
type Notice struct {
	// Withdrawn: its instance is about to end, or has ended. Requests take the next edge then, where there is another.
	Withdrawn bool
	// Lookup is how its callee's name is looked up before it is dialled, as wire.LookUp has it, "": as ever. Delay is how long a slow one takes.
	Lookup string
	Delay  time.Duration
}

// Notices are those of all edges: one writes, and those who drive loads read them before each request. The zero value has none, and so has
// a nil one for those who read. It is safe for concurrent use.
type Notices struct {
	of atomic.Pointer[map[string]Notice] // never changed once it is here

	mu      sync.Mutex
	watches []func(map[string]Notice)
}

// Of is the notice of an edge.
func (n *Notices) Of(edge string) Notice {
	if n == nil {
		return Notice{}
	}
	of := n.of.Load()
	if of == nil {
		return Notice{}
	}
	return (*of)[edge]
}

// Change changes the notice of an edge, and tells those who watch before it returns.
func (n *Notices) Change(edge string, change func(*Notice)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	next := maps.Clone(n.all())
	if next == nil {
		next = map[string]Notice{}
	}
	one := next[edge]
	change(&one)
	if next[edge] = one; one == (Notice{}) {
		delete(next, edge)
	}
	n.set(next)
}

// Put replaces all notices.
func (n *Notices) Put(all map[string]Notice) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.set(all)
}

// Watch has f told of all notices now and whenever they change, until the end is called. f must not change them.
func (n *Notices) Watch(f func(map[string]Notice)) (end func()) {
	if n == nil {
		return func() {}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.watches = append(n.watches, f)
	at := len(n.watches) - 1
	f(n.all())
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.watches[at] = nil
	}
}

func (n *Notices) all() map[string]Notice {
	if of := n.of.Load(); of != nil {
		return *of
	}
	return nil
}

func (n *Notices) set(all map[string]Notice) {
	n.of.Store(&all)
	for _, f := range n.watches {
		if f != nil {
			f(all)
		}
	}
}
