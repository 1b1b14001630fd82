package host

import "sync"

// Tracker counts those who are at work, so that whoever closes it can wait for the last to
// leave. Unlike a sync.WaitGroup it may be entered while somebody waits: HTTP handlers come when they
// come. The zero value is open and empty.
type Tracker struct {
	mu     sync.Mutex
	count  int
	closed bool
	empty  chan struct{} // made by wait, closed by the last to leave
}

// Enter is refused once it is closed and empty: nobody would wait then.
func (a *Tracker) Enter() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed && a.count == 0 {
		return false
	}
	a.count++
	return true
}

func (a *Tracker) Leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count--; a.count == 0 && a.closed {
		close(a.empty)
	}
}

// Go runs f in a goroutine that counts. Whoever calls it must be in attendance.
func (a *Tracker) Go(f func()) {
	a.Enter()
	go func() {
		defer a.Leave()
		f()
	}()
}

// Wait closes it and waits for everybody to leave. It is called once.
func (a *Tracker) Wait() {
	a.mu.Lock()
	a.closed = true
	a.empty = make(chan struct{})
	if a.count == 0 {
		close(a.empty)
	}
	a.mu.Unlock()
	<-a.empty
}
