package virtual

import (
	"container/heap"
	"math"
	"sync"
	"time"
)

// defaultCores is what an instance has whose node says no cpus: one core, of its own, so that a scenario means the same
// on every machine.
const defaultCores = 1

// cpu is an instance's cores. What computes shares them evenly (processor sharing): of n computations each gets one
// core, or cores/n of one where there are more of them than cores. It is exact: an event for each end, no quanta. What
// differs from a container's limit: that lets a computation run at full speed until its quota of each 100 ms is
// used and then stops it, which is the same on longer scales.
type cpu struct {
	mu      sync.Mutex
	cores   float64
	stopped bool

	// attained is what each computation that has run since the beginning would have got by now, in ns; at is now.
	attained float64
	at       time.Time
	running  tasks
	timer    *time.Timer
	// keep gives the timer a moment of its own, which freed gives back; turn lets those who end at once go on one after the
	// other. nil: all at the time that it takes.
	keep  func(d time.Duration) (at time.Time, free func())
	freed func()
	turn  func(nth int)
	// used is the CPU time of all computations, in ns.
	used float64
}

// task is one computation: it ends when attained has come to due.
type task struct {
	due   float64
	order int64    // among those due at once, the first to come ends first
	done  chan int // the number among those that end at once, from 0
	index int
}

func newCPU(cores float64) *cpu {
	return &cpu{cores: cores, at: time.Now()}
}

// Compute uses d of CPU time, or ends early when stop is closed.
func (c *cpu) Compute(d time.Duration, stop <-chan struct{}) {
	if d <= 0 {
		return
	}
	c.mu.Lock()
	c.advance()
	t := &task{due: c.attained + float64(d), done: make(chan int, 1)}
	c.running.push(t)
	c.schedule()
	c.mu.Unlock()
	select {
	case nth := <-t.done:
		if nth > 0 && c.turn != nil {
			c.turn(nth)
		}
	case <-stop:
		c.abandon(t)
	}
}

func (c *cpu) abandon(t *task) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	if t.index >= 0 {
		heap.Remove(&c.running, t.index)
	}
	c.schedule()
}

// speed is how fast each computation runs now, in cores. c.mu is held.
func (c *cpu) speed() float64 {
	if c.stopped || len(c.running.heap) == 0 {
		return 0
	}
	return min(1, c.cores/float64(len(c.running.heap)))
}

// advance accounts for the time since the last change. c.mu is held.
func (c *cpu) advance() {
	now := time.Now()
	each := float64(now.Sub(c.at)) * c.speed()
	c.attained += each
	c.used += each * float64(len(c.running.heap))
	c.at = now
}

// schedule sets the timer for the next end. c.mu is held.
func (c *cpu) schedule() {
	speed := c.speed()
	if c.freed != nil {
		c.freed()
		c.freed = nil
	}
	if speed == 0 {
		if c.timer != nil {
			c.timer.Stop()
		}
		return
	}
	wait := max(time.Duration(math.Ceil((c.running.heap[0].due-c.attained)/speed)), 0)
	if c.keep != nil {
		var at time.Time
		at, c.freed = c.keep(wait)
		wait = time.Until(at)
	}
	if c.timer == nil {
		c.timer = time.AfterFunc(wait, c.fire)
		return
	}
	c.timer.Reset(wait)
}

// fire ends what is due.
func (c *cpu) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	// Time has whole ns, what was attained has fractions; a quarter of one is nothing.
	for nth := 0; len(c.running.heap) > 0 && c.running.heap[0].due <= c.attained+.25; nth++ {
		t, _ := heap.Pop(&c.running).(*task)
		t.done <- nth
	}
	c.schedule()
}

// limit gives it so many cores from now on.
func (c *cpu) limit(cores float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	c.cores = cores
	c.schedule()
}

// stop stops everything that computes.
func (c *cpu) stop() { c.set(true) }

// resume lets it go on.
func (c *cpu) resume() { c.set(false) }

func (c *cpu) set(stopped bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	c.stopped = stopped
	c.schedule()
}

// time is the CPU time that was used.
func (c *cpu) time() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.advance()
	return time.Duration(c.used)
}

// tasks is a heap by due.
type tasks struct {
	heap  []*task
	count int64
}

var _ heap.Interface = (*tasks)(nil)

func (t *tasks) push(one *task) {
	t.count++
	one.order = t.count
	heap.Push(t, one)
}

func (t *tasks) Len() int { return len(t.heap) }
func (t *tasks) Less(i, j int) bool {
	a, b := t.heap[i], t.heap[j]
	return a.due < b.due || a.due == b.due && a.order < b.order
}
func (t *tasks) Swap(i, j int) {
	t.heap[i], t.heap[j] = t.heap[j], t.heap[i]
	t.heap[i].index, t.heap[j].index = i, j
}
func (t *tasks) Push(x any) {
	one, _ := x.(*task)
	one.index = len(t.heap)
	t.heap = append(t.heap, one)
}
func (t *tasks) Pop() any {
	last := len(t.heap) - 1
	one := t.heap[last]
	t.heap[last] = nil
	t.heap = t.heap[:last]
	one.index = -1
	return one
}
