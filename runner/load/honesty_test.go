package load_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Whoever takes the samples or the results may be slow; the schedule does not wait for them.
func TestSlowConsumersDoNotHoldUpTheSchedule(t *testing.T) {
	t.Parallel()
	writer := &slowWriter{}
	got := virtually(t, []*scenarios.Load{open(1000)}, 10*time.Second, serves(time.Millisecond), func(d *runner.Drive, _ *pipes) {
		take, n := d.Record, atomic.Int64{}
		d.Record = func(s record.Sample) {
			if n.Add(1)%100 == 0 {
				time.Sleep(time.Second)
			}
			take(s)
		}
		d.Results = writer
	})
	if got.err != nil {
		t.Fatal(got.err)
	}
	r := got.recorder.Phases()[0].Requests[0]
	if r.OK != 10_000 || got.generator.LagMs.Max != 0 || r.LatencyMs.Max != 1 {
		t.Errorf("%+v, %+v", r, got.generator)
	}
	if writer.bytes == 0 {
		t.Error("no results written")
	}
}

type slowWriter struct{ bytes int }

func (w *slowWriter) Write(p []byte) (int, error) {
	time.Sleep(2 * time.Second)
	w.bytes += len(p)
	return len(p), nil
}

// Whatever the load, its limit, its patience, the system and the moment of an interruption:
// intended = sent + unsent, to the request, every number once, and one outcome for each.
func TestEveryIntendedRequestHasOneSample(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 1))
			l := randomLoad(rng)
			var mu sync.Mutex // of rng, and never held while waiting
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				wait, fate := time.Duration(rng.ExpFloat64()*float64(100*time.Millisecond)), rng.IntN(20)
				mu.Unlock()
				select {
				case <-time.After(wait):
				case <-r.Context().Done():
				}
				switch fate {
				case 0:
					panic(http.ErrAbortHandler)
				case 1:
					w.WriteHeader(http.StatusBadGateway)
				}
			})
			checkAccounts(t, rng, l, handler)
		})
	}
}

func randomLoad(rng *rand.Rand) *scenarios.Load {
	l := &scenarios.Load{
		Name: "users", To: "web", Arrivals: []string{"constant", "poisson", "bursty"}[rng.IntN(3)], Rate: 1 + 300*rng.Float64(),
		MaxInFlight: 1 + rng.IntN(30), Timeout: time.Duration(1+rng.IntN(400)) * time.Millisecond,
		Think:    &scenarios.Work{Mean: time.Duration(rng.IntN(200)) * time.Millisecond, Shape: "exponential"},
		Requests: []scenarios.Request{{Send: "GET /a/{x}", Weight: 3}, {Send: "POST /b/{x}", Body: "{x}"}},
	}
	switch rng.IntN(4) {
	case 0:
		l.Users = 1 + rng.IntN(20)
	case 1:
		l.Session = &scenarios.Session{Requests: 1 + rng.IntN(5)}
	case 2:
		l.Stages = []scenarios.Stage{{For: time.Second, From: 0, To: 200}, {For: 2 * time.Second, To: 10}}
	}
	return l
}

func checkAccounts(t *testing.T, rng *rand.Rand, l *scenarios.Load, handler http.Handler) {
	t.Helper()
	const length = 4 * time.Second
	interrupt := time.Duration(rng.Int64N(int64(2 * length))) // in half of the cases after the end
	synctest.Test(t, func(t *testing.T) {
		network := newPipes()
		stop := network.serve(handler)
		ctx, cancel := context.WithTimeout(context.Background(), interrupt)
		defer cancel()
		recorder := record.NewRecorder([]record.Span{{Name: "all", End: length}})
		var mu sync.Mutex
		var samples []record.Sample
		zero := time.Now().Add(time.Second)
		g, _ := load.New(load.Options{}).Drive(ctx, runner.Drive{
			Order: order.Order{
				Loads: []*scenarios.Load{l}, Seed: rng.Uint64(), From: -time.Second, Until: length,
				Edges: map[string][]order.Edge{"users": {{Name: "a"}, {Name: "b"}}},
			},
			Zero: zero, Dial: network.Dial,
			Record: func(s record.Sample) {
				recorder.Add(s)
				mu.Lock()
				defer mu.Unlock()
				samples = append(samples, s)
			},
		})
		if late := time.Since(zero) - length; late > l.Timeout {
			t.Errorf("ended %v after the end, want at most the timeout %v", late, l.Timeout)
		}
		stop()
		seqs(t, l, samples)
		if err := recorder.Balance(); err != nil {
			t.Error(err)
		}
		var intended, unsent int64
		for _, s := range samples {
			if s.Outcome == record.Failed == (s.Error == "") {
				t.Fatalf("outcome and error contradict: %+v", s)
			}
			if !s.Unsent && (s.Sent < s.Intended || s.Done < s.Sent || s.Latency() > l.Timeout) {
				t.Fatalf("times out of order: %+v", s)
			}
			if s.Intended >= 0 {
				intended++
				if s.Unsent {
					unsent++
				}
			}
		}
		if g.Intended != intended || g.Unsent != unsent || g.Sent != intended-unsent || g.Intended < 0 {
			t.Errorf("generator %+v, samples: %d intended, %d unsent", g, intended, unsent)
		}
	})
}
