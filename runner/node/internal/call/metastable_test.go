package call

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// trigger is what happens to a station between two times: what is sent to it is held until the second one, or dropped, or what
// it begins takes Slower times as long.
type trigger struct {
	from, to      time.Duration
	held, dropped bool
	slower        float64
}

func (g trigger) on(at time.Duration) bool { return at >= g.from && at < g.to }

// crowd is clients of one policy that ask a station of ours: rate a second, each one working 50 ms on average (300/s with 15
// workers), Poisson arrivals and exponential work.
type crowd struct {
	rate    float64
	lasts   time.Duration
	policy  scenarios.Policy
	station scenarios.Node
	trigger trigger
}

// history is what came of it, second by second: requests by when they came, attempts by when they were made.
type history struct{ sent, good, attempts []float64 }

// run plays it in virtual time, with the executor that calls are made by and the workers and the line that serve them. The
// station does not look whether its client is still there.
func (c crowd) run(t *testing.T) (h history) {
	seconds := int(c.lasts / time.Second)
	h = history{make([]float64, seconds), make([]float64, seconds), make([]float64, seconds)}
	synctest.Test(t, func(t *testing.T) {
		g := executorOn(t, c.policy, 1)
		w := admission.NewWorkers(&c.station, host.NewMetrics())
		began := time.Now()
		var mu sync.Mutex
		count := func(in []float64, at time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			if second := int(at / time.Second); second < len(in) {
				in[second]++
			}
		}
		var working sync.WaitGroup
		arrive(int(c.rate*c.lasts.Seconds()), c.rate, rand.New(rand.NewPCG(1, 2)), func(n int) {
			at := time.Since(began)
			count(h.sent, at)
			f := g.Do(t.Context(), host.Trace{Request: fmt.Sprint(n)}, func(ctx context.Context, _ *Replica, cause host.Trace, _ int) Outcome {
				count(h.attempts, time.Since(began))
				answered := make(chan error, 1)
				working.Go(func() { c.serve(w, began, g.i.Chance(cause, "service").ExpFloat64(), answered) })
				bounded, cancel := g.Bounded(ctx)
				defer cancel()
				select {
				case err := <-answered:
					if err != nil {
						return Outcome{F: &Failure{Class: Failed, Status: http.StatusServiceUnavailable}} // refused: not tried again
					}
					return Outcome{}
				case <-bounded.Done():
					return Outcome{F: FailureOf(ctx, bounded, "leaf-1", g.Timeout, bounded.Err())}
				}
			})
			if f == nil {
				count(h.good, at)
			}
		})
		working.Wait()
	})
	return h
}

// serve is one attempt on its way to the station and there; one that the network drops gets no answer.
func (c crowd) serve(w *admission.Workers, began time.Time, work float64, answered chan<- error) {
	if at := time.Since(began); c.trigger.on(at) {
		switch {
		case c.trigger.dropped:
			return
		case c.trigger.held:
			time.Sleep(c.trigger.to - at)
		}
	}
	err := w.Acquire(context.Background(), false)
	if err == nil {
		if c.trigger.slower > 0 && c.trigger.on(time.Since(began)) {
			work *= c.trigger.slower
		}
		time.Sleep(time.Duration(work * float64(50*time.Millisecond)))
		w.Release()
	}
	answered <- err
}

// recovery is how many seconds after the trigger 99 % of requests get their answer, for as long as it was watched; -1: never.
func (h history) recovery(after trigger) int {
	from, end := int(after.to/time.Second), len(h.sent)
	at := end - 5
	for at > from && over(h.good, at-1, at+4) >= 0.99*over(h.sent, at-1, at+4) {
		at--
	}
	if at > end-15 {
		return -1
	}
	return at - from
}

// stuck tells what a metastable failure looks like at the end: no good answers, and so many attempts a request.
func (h history) stuck() (goodput, amplification float64) {
	end := len(h.sent)
	sent := over(h.sent, end-20, end-6)
	return over(h.good, end-20, end-6) / sent, over(h.attempts, end-20, end-6) / sent
}

// sentence is one line of a published result: what recovers, by when, and what never does.
type sentence struct {
	name  string
	crowd crowd
	// Recovery is from least to most seconds after the trigger; most -1: never, and then a request makes so many attempts.
	least, most int
	attempts    float64
}

func hold(t *testing.T, sentences []sentence) {
	t.Helper()
	for _, s := range sentences {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			h := s.crowd.run(t)
			if before := over(h.good, 3, int(s.crowd.trigger.from/time.Second)-3) / over(h.sent, 3, int(s.crowd.trigger.from/time.Second)-3); before < 0.98 {
				t.Fatalf("before the trigger %.3f of requests are answered", before)
			}
			after := h.recovery(s.crowd.trigger)
			goodput, amplification := h.stuck()
			t.Logf("recovered after %d s; at the end %.3f of requests are answered, %.2f attempts each", after, goodput, amplification)
			switch {
			case s.most >= 0 && (after < s.least || after > s.most):
				t.Errorf("recovered after %d s, want %d to %d", after, s.least, s.most)
			case s.most < 0 && (after >= 0 || goodput > 0.02):
				t.Errorf("recovered after %d s (%.3f answered at the end), want never", after, goodput)
			case s.most < 0 && (amplification < 0.95*s.attempts || amplification > 1.05*s.attempts):
				t.Errorf("%.2f attempts a request at the end, want %.1f", amplification, s.attempts)
			}
		})
	}
}

// Huang and others, "Metastable Failures in the Wild", OSDI 2022, in small: their MongoDB has clients with a timeout of 3 s
// and 4 retries, and a primary that loses 80 % of its CPU for a while. Here a station of 300/s does (work is 5 times slower), under 240/s.
// A short trigger is recovered from and a longer one is not; less load, no retries, a budget, or a bounded queue and it always is.
func TestTriggersOfMetastableFailures(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates half a million attempts; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	of := func(load float64, lasts, slow time.Duration, slower float64, retry *scenarios.Retry, queue int) crowd {
		return crowd{
			rate: load, lasts: lasts, policy: scenarios.Policy{Timeout: 3 * time.Second, Retry: retry},
			station: scenarios.Node{Workers: 15, Service: scenarios.Service{Queue: atMost(queue)}}, trigger: trigger{from: 10 * time.Second, to: 10*time.Second + slow, slower: slower},
		}
	}
	four := &scenarios.Retry{Attempts: 5}
	hold(t, []sentence{
		{"3 s of 80 % less recover", of(240, 60*time.Second, 3*time.Second, 5, four, 0), 0, 15, 0},
		{"5 s of 80 % less never do", of(240, 60*time.Second, 5*time.Second, 5, four, 0), 0, -1, 5},
		{"a sixth of the load recovers from 10 s", of(50, 60*time.Second, 10*time.Second, 5, four, 0), 0, 5, 0},
		{"without retries what is over 3 s drains in 900 / 60 = 15 s", of(240, 70*time.Second, 10*time.Second, 5, nil, 0), 11, 20, 0},
		{"a budget of 10 % drains it in 1140 / 36 = 32 s", of(240, 90*time.Second, 10*time.Second, 5, &scenarios.Retry{Attempts: 5, Budget: new(0.1)}, 0), 22, 45, 0},
		{"a queue of 300 at most recovers at once", of(240, 45*time.Second, 10*time.Second, 5, four, 300), 0, 3, 0},
	})
}

// The theorems of the same paper, about a load L, a capacity C and an amplification w by retries: (1) a trigger that leaves
// capacity for the load is recovered from however long it lasts; (2) so is any trigger under a load below C / w; (3) and
// any where the amplification stays below C / L while it lasts. Above each bound there is a trigger that is not.
func TestVulnerableRegions(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates half a million attempts; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	of := func(load float64, slow time.Duration, slower float64, retry *scenarios.Retry) crowd {
		from := 10 * time.Second
		return crowd{
			rate: load, lasts: from + slow + 30*time.Second, policy: scenarios.Policy{Timeout: time.Second, Retry: retry},
			station: scenarios.Node{Workers: 15}, trigger: trigger{from: from, to: from + slow, slower: slower},
		}
	}
	two := &scenarios.Retry{Attempts: 3} // w = 3, C / w = 100
	hold(t, []sentence{
		{"1: 20 s with capacity for the load", of(200, 20*time.Second, 1.3, two), 0, 2, 0},
		{"1: with less than the load", of(200, 20*time.Second, 2, two), 0, -1, 3},
		{"2: 10 s under a load below C/w", of(60, 10*time.Second, 10, two), 3, 20, 0},
		{"2: a load above C/w", of(120, 10*time.Second, 10, two), 0, -1, 3},
		{"3: amplification below C/L", of(200, 5*time.Second, 2, &scenarios.Retry{Attempts: 3, Budget: new(0.1)}), 0, 12, 0},
		{"3: amplification above C/L", of(200, 5*time.Second, 2, &scenarios.Retry{Attempts: 3, Budget: new(0.7)}), 0, -1, 1.7},
	})
}

// Further rows of Bronson and others, HotOS 2021, with the model of TestRetryStormIsMetastable: three attempts lower the threshold
// from C / 2 to C / 3, backoff with full jitter does not heal an open load, a short trigger does where there is more room, and an
// outage that drops what is sent leaves nothing to heal from.
func TestStormsByTrigger(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates half a million attempts; not with -short")
	}
	breadth.Today(t, breadth.Name(t), 4)
	of := func(load float64, lasts time.Duration, attempts int, how trigger) crowd {
		return crowd{
			rate: load, lasts: lasts, policy: scenarios.Policy{Timeout: time.Second, Retry: &scenarios.Retry{Attempts: attempts}},
			station: scenarios.Node{Workers: 15}, trigger: how,
		}
	}
	held := func(d time.Duration) trigger {
		return trigger{from: 10 * time.Second, to: 10*time.Second + d, held: true}
	}
	jittered := of(280, 80*time.Second, 2, held(10*time.Second))
	jittered.policy.Retry = &scenarios.Retry{Attempts: 2, Backoff: 10 * time.Second, Jitter: "full"}
	hold(t, []sentence{
		{"120/s, three attempts", of(120, 60*time.Second, 3, held(10*time.Second)), 0, -1, 3},
		{"280/s, three attempts", of(280, 50*time.Second, 3, held(10*time.Second)), 0, -1, 3},
		{"280/s, backoff of 10 s with full jitter", jittered, 0, -1, 2},
		{"280/s, 1 s held", of(280, 60*time.Second, 2, held(time.Second)), 0, -1, 2},
		{"200/s, 1 s held", of(200, 40*time.Second, 2, held(time.Second)), 0, 3, 0},
		{"280/s, 10 s dropped", of(280, 50*time.Second, 2, trigger{from: 10 * time.Second, to: 20 * time.Second, dropped: true}), 0, 2, 0},
	})
}

// atMost is the bound of a queue, none for 0.
func atMost(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
