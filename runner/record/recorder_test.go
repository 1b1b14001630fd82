package record_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
)

var twoPhases = []record.Span{
	{Name: "steady", Start: 0, End: 10 * time.Second},
	{Name: "fault", Start: 10 * time.Second, End: 20 * time.Second},
}

func sample(at, latency time.Duration) record.Sample {
	return record.Sample{Load: "users", Request: "GET /", Intended: at, Sent: at, Done: at + latency, Outcome: record.OK, Status: 200}
}

func TestPercentilesAgainstSortedSamples(t *testing.T) {
	t.Parallel()
	draws := map[string]func(*rand.Rand) float64{
		"exponential 10 ms":      func(r *rand.Rand) float64 { return r.ExpFloat64() * 10e6 },
		"lognormal 20 ms":        func(r *rand.Rand) float64 { return 20e6 * math.Exp(r.NormFloat64()) },
		"a stall tail of 0.05 %": func(r *rand.Rand) float64 { return 5e6 + r.Float64()*1e6 + b2f(r.Float64() < 0.0005)*2e9 },
		"minutes":                func(r *rand.Rand) float64 { return r.Float64() * 500e9 },
	}
	for name, draw := range draws {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(1, 2))
			r := record.NewRecorder(twoPhases)
			const n = 100_000
			all := make([]float64, n)
			sum := 0.0
			for i := range all {
				d := time.Duration(draw(rng))
				all[i] = float64(d) / 1e6
				sum += all[i]
				r.Add(sample(time.Duration(i)*time.Second/n, d))
			}
			slices.Sort(all)
			got := r.Phases()[0].Requests[0].LatencyMs
			exact := func(p float64) float64 { return all[int(math.Round(p/100*n))-1] }
			for _, c := range []struct {
				name      string
				got, want float64
			}{
				{"p50", got.P50, exact(50)}, {"p90", got.P90, exact(90)}, {"p95", got.P95, exact(95)},
				{"p99", got.P99, exact(99)}, {"p99.9", got.P999, exact(99.9)}, {"max", got.Max, all[n-1]}, {"mean", got.Mean, sum / n},
			} {
				if off := math.Abs(c.got-c.want) / c.want; off > 0.001 {
					t.Errorf("%s = %v ms, want %v (%.3f %% off)", c.name, c.got, c.want, 100*off)
				}
			}
		})
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestPhasesAndBalance(t *testing.T) {
	t.Parallel()
	r := record.NewRecorder(twoPhases)
	add := func(at time.Duration, change func(*record.Sample)) {
		s := sample(at, 10*time.Millisecond)
		if change != nil {
			change(&s)
		}
		r.Add(s)
	}
	add(-time.Millisecond, nil) // warm-up
	add(0, nil)
	add(9999*time.Millisecond, func(s *record.Sample) { s.Outcome = record.Degraded })
	add(10*time.Second, func(s *record.Sample) { s.Outcome, s.Error = record.Failed, "503" })
	add(11*time.Second, func(s *record.Sample) {
		s.Outcome, s.Error, s.Unsent, s.Sent, s.Done = record.Failed, record.ErrUnsent, true, 0, 0
	})
	add(12*time.Second, func(s *record.Sample) { s.Sent += 5 * time.Millisecond; s.Done += 5 * time.Millisecond })
	add(20*time.Second, nil) // after the last phase
	ten, fifteen := record.Latency{Count: 2, Mean: 10, P50: 10, P90: 10, P95: 10, P99: 10, P999: 10, Max: 10}, 15.0
	one := ten
	one.Count = 1
	phases := r.Phases()
	steady := record.Request{
		Load: "users", Request: "GET /", Sent: 2, OK: 1, Degraded: 1, Rate: 0.2, Goodput: 0.2,
		LatencyMs: ten, AnswerMs: &ten, OKMs: &one, ServiceMs: ten, Errors: map[string]int64{},
	}
	if diff := cmp.Diff(steady, phases[0].Requests[0]); diff != "" {
		t.Errorf("steady (-want +got):\n%s", diff)
	}
	fault := phases[1].Requests[0]
	if fault.Sent != 3 || fault.OK != 1 || fault.Failed != 2 || fault.Unsent != 1 || fault.LatencyMs.Max != fifteen || fault.ServiceMs.Max != 10 {
		t.Errorf("fault phase: %+v", fault)
	}
	if diff := cmp.Diff(map[string]int64{"503": 1, "unsent": 1}, fault.Errors); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	if err := r.Balance(); err != nil {
		t.Errorf("Balance: %v", err)
	}
	if got := r.Lag(); got.Max != 5 || got.P50 != 0 {
		t.Errorf("Lag = %+v", got)
	}
	add(5*time.Second, func(s *record.Sample) { s.Outcome = "" })
	if r.Balance() == nil {
		t.Error("Balance accepts a sample without an outcome")
	}
}

func TestWindowsMergeToThePhase(t *testing.T) {
	t.Parallel()
	r := record.NewRecorder(twoPhases)
	rng := rand.New(rand.NewPCG(3, 4))
	whole := record.NewHistogram()
	const n = 60_000
	order := rng.Perm(n) // answers come in any order, very late ones too
	for _, i := range order {
		d := time.Duration(rng.ExpFloat64() * 20e6)
		at := time.Duration(i) * 10 * time.Second / n
		r.Add(sample(at, d))
		record.RecordDuration(whole, d)
	}
	windows := r.Windows()
	if len(windows) != 10 {
		t.Fatalf("%d windows, want 10", len(windows))
	}
	for i, w := range windows {
		if w.Second != i || w.Sent != n/10 || w.Phase != "steady" || len(w.Histogram) > 6000 {
			t.Errorf("window %d: second %d, sent %d, phase %q, %d bytes", i, w.Second, w.Sent, w.Phase, len(w.Histogram))
		}
	}
	merged, err := record.MergeWindows(windows...)
	if err != nil {
		t.Fatal(err)
	}
	if !merged.Latencies.Equals(whole) || merged.Sent != n || merged.OK != n {
		t.Errorf("merged windows differ from the whole: %d of %d", merged.Latencies.TotalCount(), whole.TotalCount())
	}
	again := r.Windows()
	if diff := cmp.Diff(windows, again); diff != "" {
		t.Errorf("a second reading differs:\n%s", diff)
	}
}

func TestWindowOfTheWarmUp(t *testing.T) {
	t.Parallel()
	r := record.NewRecorder(twoPhases)
	r.Add(sample(-1500*time.Millisecond, time.Millisecond))
	r.Add(sample(-1*time.Nanosecond, time.Millisecond))
	var got []int
	for _, w := range r.Windows() {
		if w.Phase != "" {
			t.Errorf("second %d is in phase %q", w.Second, w.Phase)
		}
		got = append(got, w.Second)
	}
	if diff := cmp.Diff([]int{-2, -1}, got); diff != "" {
		t.Error(diff)
	}
	if n := len(r.Phases()[0].Requests); n != 0 {
		t.Errorf("%d kinds of request in the first phase, want none", n)
	}
}

func TestLive(t *testing.T) {
	t.Parallel()
	r := record.NewRecorder(twoPhases)
	for i := range 100 {
		s := sample(3*time.Second+time.Duration(i)*10*time.Millisecond, time.Duration(i+1)*time.Millisecond)
		if i%4 == 0 {
			s.Outcome, s.Error = record.Failed, "503"
		}
		r.Add(s)
	}
	got := r.Live(4500 * time.Millisecond)
	if got.Rate != 91 || got.Success != 68./91 || got.P99.Round(time.Millisecond) != 91*time.Millisecond { // of the 68 answers that came in it; a failure is none
		t.Errorf("Live = %+v", got)
	}
	r.Add(sample(4900*time.Millisecond, 100*time.Millisecond)) // in a second that is not over then
	if next := r.LiveRequests(5500 * time.Millisecond); len(next) != 1 || next[0].Sent != 9 || next[0].OK != 7 || next[0].Failed != 2 || next[0].P99 < 99*time.Millisecond {
		t.Errorf("those that took until the next second: %+v", next)
	}
	for at := 60 * time.Second; at < 62*time.Second; at += 10 * time.Millisecond { // all take longer than a second: they are seen all the same
		r.Add(sample(at, 2500*time.Millisecond))
	}
	r.Add(sample(10*time.Second, time.Second)) // long over
	if got := r.Live(64 * time.Second); got.Rate != 100 || got.Success != 1 || got.P99.Round(10*time.Millisecond) != 2500*time.Millisecond {
		t.Errorf("Live of a slow second = %+v", got)
	}
	if got := r.Live(90 * time.Second); got != (record.Live{}) {
		t.Errorf("Live of a silent second = %+v", got)
	}
}

func TestEnd(t *testing.T) {
	t.Parallel()
	r := record.NewRecorder(twoPhases)
	for i := range 50 {
		r.Add(sample(time.Duration(i)*100*time.Millisecond, time.Millisecond))
	}
	r.End(5 * time.Second)
	got := r.Phases()
	if len(got) != 1 || got[0].EndS != 5 || got[0].Requests[0].Rate != 10 {
		t.Errorf("after End: %+v", got)
	}
}

func TestConcurrentAdd(t *testing.T) {
	t.Parallel()
	r := record.NewRecorder(twoPhases)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				r.Add(sample(time.Duration(g*2000+i)*time.Millisecond, time.Millisecond))
				if i%500 == 0 {
					r.Live(time.Duration(i) * time.Millisecond)
					r.Windows()
				}
			}
		})
	}
	wg.Wait()
	var sent int64
	for _, p := range r.Phases() {
		sent += p.Requests[0].Sent
	}
	if sent != 16_000 {
		t.Errorf("sent %d, want 16000", sent)
	}
	if err := r.Balance(); err != nil {
		t.Error(err)
	}
}

// A million samples over 60 s and two kinds of request must not leave more behind than some
// 4 kB for each second and kind plus the phases' histograms.
func TestMemoryIsBoundedBySeconds(t *testing.T) {
	live := func(perSecond int) int64 {
		before := heap()
		r := record.NewRecorder([]record.Span{{Name: "all", End: time.Minute}})
		rng := rand.New(rand.NewPCG(5, 6))
		requests := []string{"GET /a", "GET /b"}
		for i := range 60 * perSecond {
			s := sample(time.Duration(i)*time.Second/time.Duration(perSecond), time.Duration(rng.ExpFloat64()*1e7))
			s.Request = requests[i%2]
			r.Add(s)
		}
		after := heap()
		runtime.KeepAlive(r)
		return after - before
	}
	small, large := live(100), live(16_000)
	t.Logf("live heap: %d kB after 6,000 samples, %d kB after 960,000", small>>10, large>>10)
	if limit := int64(3 << 20); large > limit {
		t.Errorf("960,000 samples leave %d kB, want at most %d", large>>10, limit>>10)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	r := record.NewRecorder(twoPhases)
	for i, wrote := range [][]string{{"db/a", "queue/x"}, {"db/b"}, nil, {"db/c"}, {"db/a"}, {"nonsense"}} {
		s := sample(time.Duration(i)*time.Second, time.Millisecond)
		s.Wrote = wrote
		r.Add(s)
	}
	acked := r.Acknowledged()
	if diff := cmp.Diff(map[string][]string{"db": {"a", "b", "c", "a"}, "queue": {"x"}}, acked); diff != "" {
		t.Fatalf("Acknowledged (-want +got):\n%s", diff)
	}
	cases := []struct {
		name  string
		found map[string]map[string]int
		want  record.Writes
	}{
		{"all there", map[string]map[string]int{"db": {"a": 1, "b": 1, "c": 1, "unacknowledged": 1}, "queue": {"x": 1}},
			record.Writes{Acknowledged: 4, Checked: true}},
		{"one lost, two surplus copies", map[string]map[string]int{"db": {"a": 3, "c": 1}, "queue": {"x": 1}},
			record.Writes{Acknowledged: 4, Lost: 1, Duplicated: 2, Checked: true, Sample: []string{"db/b"}}},
		{"a database that is gone", map[string]map[string]int{"db": {"a": 1, "b": 1, "c": 1}},
			record.Writes{Acknowledged: 4, Why: `"queue" could not be read back`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, record.Reconcile(acked, c.found)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
