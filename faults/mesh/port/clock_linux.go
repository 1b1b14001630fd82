package port

import (
	"container/heap"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Clock wakes directions within microseconds of when they want. The runtime's own timers round up to
// a whole millisecond when a program has nothing else to do, which would make every latency below
// 1 ms the same. One kernel timer serves the whole mesh.
type Clock struct {
	timer *os.File

	mu     sync.Mutex
	alarms alarms
}

// NewClock makes a clock, nil where the system gives none: the runtime's timers have to do then.
func NewClock() *Clock {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil
	}
	return &Clock{timer: os.NewFile(uintptr(fd), "timer")}
}

// At has wake notified at a time; nil: it only gets the runtime up.
func (c *Clock) At(when time.Time, wake chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	heap.Push(&c.alarms, alarm{when, wake})
	if c.alarms[0].when.Equal(when) {
		c.arm()
	}
}

// arm sets the kernel's timer to the first alarm. c.mu is held.
func (c *Clock) arm() {
	if len(c.alarms) == 0 {
		return
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(1, time.Until(c.alarms[0].when))))}
	raw, err := c.timer.SyscallConn()
	if err == nil {
		_ = control(raw, func(fd int) error { return unix.TimerfdSettime(fd, 0, &spec, nil) }) // it fails only once the clock is closed
	}
}

// Run rings alarms until the clock is closed.
func (c *Clock) Run() {
	expirations := make([]byte, 8)
	for {
		if _, err := c.timer.Read(expirations); err != nil {
			return
		}
		c.ring(time.Now())
	}
}

func (c *Clock) ring(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.alarms) > 0 && !c.alarms[0].when.After(now) {
		a, _ := heap.Pop(&c.alarms).(alarm)
		select {
		case a.wake <- struct{}{}:
		default: // it knows already; nil: that the program is up is all that was wanted
		}
	}
	c.arm()
}

func (c *Clock) Close() { _ = c.timer.Close() } // nothing was written

// alarm is a wish to be woken.
type alarm struct {
	when time.Time
	wake chan struct{}
}

// alarms is a heap, the earliest first.
type alarms []alarm

var _ heap.Interface = (*alarms)(nil)

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].when.Before(a[j].when) }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push and Pop serve package heap.
func (a *alarms) Push(x any) {
	one, _ := x.(alarm)
	*a = append(*a, one)
}

// Pop takes the last one off.
func (a *alarms) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}
