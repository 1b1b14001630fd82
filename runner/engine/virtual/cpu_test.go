package virtual

import (
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/engine/virtual/network"
)

// What processor sharing makes of computations of known sizes, by hand.
func TestCPUShares(t *testing.T) {
	const ms = time.Millisecond
	type job struct{ comes, takes, ends time.Duration }
	for _, test := range []struct {
		name  string
		cores float64
		jobs  []job
		do    map[time.Duration]func(*cpu)
	}{
		{"one alone", 1, []job{{0, 10 * ms, 10 * ms}}, nil},
		{"two share a core", 1, []job{{0, 10 * ms, 20 * ms}, {0, 10 * ms, 20 * ms}}, nil},
		{"a short one passes a long one", 1, []job{{0, 10 * ms, 12 * ms}, {4 * ms, 2 * ms, 8 * ms}}, nil},
		{"as many as cores", 2, []job{{0, 10 * ms, 10 * ms}, {0, 7 * ms, 7 * ms}}, nil},
		{"three on two cores", 2, []job{{0, 10 * ms, 15 * ms}, {0, 10 * ms, 15 * ms}, {0, 10 * ms, 15 * ms}}, nil},
		{"one can't use two cores", 2, []job{{0, 10 * ms, 10 * ms}}, nil},
		{"a quarter of a core", .25, []job{{0, 10 * ms, 40 * ms}}, nil},
		{"throttled on the way", 1, []job{{0, 10 * ms, 5*ms + 50*ms}}, map[time.Duration]func(*cpu){5 * ms: func(c *cpu) { c.limit(.1) }}},
		{"throttled for a while", 1, []job{{0, 10 * ms, 19 * ms}}, map[time.Duration]func(*cpu){
			5 * ms: func(c *cpu) { c.limit(.1) }, 15 * ms: func(c *cpu) { c.limit(1) }}},
		{"stopped for a while", 1, []job{{0, 10 * ms, 1010 * ms}}, map[time.Duration]func(*cpu){
			3 * ms: func(c *cpu) { c.stop() }, 1003 * ms: func(c *cpu) { c.resume() }}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCPU(test.cores)
				began := time.Now()
				var wg sync.WaitGroup
				total := time.Duration(0)
				for _, j := range test.jobs {
					total += j.takes
					wg.Go(func() {
						time.Sleep(j.comes)
						c.Compute(j.takes, nil)
						if got := time.Since(began); got != j.ends {
							t.Errorf("%v ended after %v, want %v", j.takes, got, j.ends)
						}
					})
				}
				for at, do := range test.do {
					wg.Go(func() { time.Sleep(at); do(c) })
				}
				wg.Wait()
				if off := c.time() - total; off < -time.Nanosecond || off > time.Nanosecond {
					t.Errorf("used %v, want %v", c.time(), total)
				}
			})
		})
	}
}

// Sizes that divide badly: every computation ends at what it is due, to the ns, and none is lost.
func TestCPUIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 7
		c := newCPU(3)
		began := time.Now()
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				size := time.Duration(1000003 * (i + 1))
				c.Compute(size, nil)
				// Before the (i+1)th ends, n-i or more run: each phase of size 1000003 runs at min(1, 3/(n-k)).
				want := 0.
				for k := range i + 1 {
					want += 1000003 / min(1, 3/float64(n-k))
				}
				if got := float64(time.Since(began)); math.Abs(got-want) > n {
					t.Errorf("the one of %v ended after %v ns, want %v", size, got, want)
				}
			})
		}
		wg.Wait()
	})
}

func TestCPUIsLeftEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCPU(1)
		began := time.Now()
		stop := make(chan struct{})
		time.AfterFunc(10*time.Millisecond, func() { close(stop) })
		var wg sync.WaitGroup
		wg.Go(func() { c.Compute(time.Hour, stop) })
		c.Compute(10*time.Millisecond, nil)
		wg.Wait()
		if got := time.Since(began); got != 15*time.Millisecond { // half speed for 10 ms, then alone
			t.Errorf("the other ended after %v, want 15ms", got)
		}
	})
}

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := network.New(1).Host("10.0.0.1")
		p := processor{newCPU(1), h}
		p.Await()
		h.Stop()
		began := time.Now()
		time.AfterFunc(time.Minute, h.Go)
		var mu sync.Mutex
		var wg sync.WaitGroup
		var after []time.Duration
		for range 3 {
			wg.Go(func() {
				p.Await()
				mu.Lock()
				defer mu.Unlock()
				after = append(after, time.Since(began)-time.Minute)
			})
		}
		wg.Wait()
		if diff := cmp.Diff([]time.Duration{1, 2, 3}, after); diff != "" {
			t.Errorf("who waited does not go on one after the other (-want +got):\n%s", diff)
		}
		h.Stop()
		h.Kill()
		p.Await()
	})
}
