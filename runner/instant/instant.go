// Package instant keeps apart what would happen at one instant of virtual time, where nobody decides in which order: there, who waits for a
// moment has it alone, and several who are let go together go one after the other. In real time it does nothing.
package instant

import "time"

// Keep is for what happens by itself after d: the time at which it is to, d from now or a little later, so that nothing else happens
// then, and what to call when it has happened or will not. nil: no two things happen at one instant, as in real time.
type Keep func(d time.Duration) (at time.Time, free func())

// Timer rings after d. stop is called when it has rung, or is to ring no more.
func (k Keep) Timer(d time.Duration) (rings <-chan time.Time, stop func()) {
	free := func() {}
	if k != nil && d > 0 {
		var at time.Time
		at, free = k(d)
		d = time.Until(at)
	}
	timer := time.NewTimer(d)
	return timer.C, func() {
		timer.Stop()
		free()
	}
}

// Turn is when one of several may go on.
type Turn struct {
	come chan struct{} // closed when it has
	at   time.Time     // when that was
}

// NewTurn is one that has not come.
func NewTurn() *Turn { return &Turn{come: make(chan struct{})} }

// Await returns when its turn has come: at once, or a ns after the turn before it, where both would come at one instant. before nil: it
// is the first. It is called once, of every turn that another one waits for.
func (t *Turn) Await(before *Turn, keep Keep) {
	defer close(t.come)
	if keep != nil && before != nil {
		<-before.come
		if !time.Now().After(before.at) {
			rings, stop := keep.Timer(1)
			<-rings
			stop()
		}
	}
	t.at = time.Now()
}
