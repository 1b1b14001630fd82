package record

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

var percentiles = []float64{50, 90, 95, 99, 99.9, 100}

// nearestRank is the percentile's value in a sort of the raw data, by the definition.
func nearestRank(sorted []time.Duration, percentile float64) time.Duration {
	for i, v := range sorted {
		if float64(i+1)*1000 >= math.Round(percentile*10)*float64(len(sorted)) {
			return v
		}
	}
	return 0
}

// A percentile is the nearest rank of the raw data, wherever it is asked for: a phase's summary, a window's histogram, several
// windows merged, the live figures.
func TestPercentilesAreNearestRanks(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		n := 1 + chance.IntN(1200)
		raw := make([]time.Duration, n)
		var ended []time.Duration // in the first second
		var samples []Sample
		r := NewRecorder([]Span{{Name: "p", End: time.Second}})
		for i := range raw {
			raw[i] = time.Duration(1+chance.IntN(5_000_000)) * time.Microsecond
			if chance.IntN(50) > 0 {
				raw[i] = time.Duration(1+chance.IntN(3000)) * time.Microsecond
			}
			at := time.Duration(chance.IntN(1000)) * time.Millisecond
			samples = append(samples, Sample{Load: "l", Request: []string{"a", "b"}[i%2], Intended: at, Sent: at, Done: at + raw[i], Outcome: OK})
			if at+raw[i] < time.Second {
				ended = append(ended, raw[i])
			}
		}
		slices.SortFunc(samples, func(a, b Sample) int { return cmp.Compare(a.Done, b.Done) }) // as they come
		for _, s := range samples[:len(ended)] {
			r.Add(s)
		}
		live := r.Live(time.Second)
		for _, s := range samples[len(ended):] {
			r.Add(s)
		}
		slices.Sort(raw)
		slices.Sort(ended)
		merged, err := MergeWindows(r.Windows()...)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range percentiles {
			exact := nearestRank(raw, p)
			want := middle(bucketTop(bucketOf(micros(exact))))
			if got := Quantile(merged.Latencies, p); got != want {
				t.Fatalf("p%g of %d merged is %v, want %v (raw %v)", p, n, got, want, exact)
			}
			var b buckets
			for _, v := range raw {
				b.add(micros(v))
			}
			if got := b.quantile(p); got != want {
				t.Fatalf("p%g of %d in buckets is %v, want %v (raw %v)", p, n, got, want, exact)
			}
		}
		p99 := time.Duration(0)
		if len(ended) > 0 {
			p99 = middle(bucketTop(bucketOf(micros(nearestRank(ended, 99)))))
		}
		if live.P99 != p99 || live.Answers != int64(len(ended)) {
			t.Fatalf("live p99 of %d is %v of %d, want %v", len(ended), live.P99, live.Answers, p99)
		}
	}
}

// One slow request of 60 is their p99: 59 of 60 are only 98.3 %.
func TestOneSlowRequestOfSixtyIsTheirP99(t *testing.T) {
	r := NewRecorder([]Span{{Name: "p", End: time.Minute}})
	for i := range 60 {
		at, took := time.Duration(i)*time.Second, time.Millisecond
		if i == 17 {
			took = 900 * time.Millisecond
		}
		r.Add(Sample{Load: "l", Request: "a", Intended: at, Sent: at, Done: at + took, Outcome: OK})
	}
	if got := r.Phases()[0].Requests[0].LatencyMs; got.P99 < 899 || got.P99 > 901 || got.P95 > 1.1 {
		t.Errorf("p95 %v ms, p99 %v ms of 59 requests of 1 ms and one of 900", got.P95, got.P99)
	}
	merged, err := MergeWindows(r.Windows()...)
	if err != nil {
		t.Fatal(err)
	}
	if got := LatencyOf(merged.Latencies).P99; got < 899 || got > 901 {
		t.Errorf("p99 of their windows is %v ms", got)
	}
}

func TestRanks(t *testing.T) {
	for _, tt := range []struct {
		percentile float64
		n, want    int64
	}{{99, 100, 99}, {99, 101, 100}, {99.9, 1000, 999}, {99.9, 1001, 1000}, {50, 2, 1}, {50, 3, 2}, {0, 5, 1}, {100, 5, 5}, {99, 0, 0}} {
		if got := Rank(tt.percentile, tt.n); got != tt.want {
			t.Errorf("rank of p%g among %d is %d, want %d", tt.percentile, tt.n, got, tt.want)
		}
	}
}

// What failed does not make answers look fast: refusals at once are in the latencies of all and of the failed alone, in a
// phase's summary and in its windows.
func TestFailuresAreNoAnswers(t *testing.T) {
	r := NewRecorder([]Span{{Name: "p", End: time.Minute}})
	for i := range 400 {
		at := time.Duration(i) * 100 * time.Millisecond
		s := Sample{Load: "l", Request: "a", Intended: at, Sent: at, Done: at + 80*time.Millisecond, Outcome: OK}
		switch i % 4 {
		case 0:
			s.Outcome, s.Done = Degraded, at+20*time.Millisecond
		case 1, 2:
			s.Outcome, s.Error, s.Done = Failed, ErrRefused, at
		}
		r.Add(s)
	}
	r.Add(Sample{Load: "l", Request: "a", Intended: time.Second, Outcome: Failed, Unsent: true})
	q := r.Phases()[0].Requests[0]
	if q.LatencyMs.Count != 400 || q.AnswerMs.Count != 200 || q.OKMs.Count != 100 || q.FailedMs.Count != 200 {
		t.Fatalf("%d timed, %d answers, %d whole, %d failed", q.LatencyMs.Count, q.AnswerMs.Count, q.OKMs.Count, q.FailedMs.Count)
	}
	if q.LatencyMs.P50 != 0 || math.Abs(q.AnswerMs.P50-20) > .05 || q.AnswerMs.Mean != 50 || math.Abs(q.OKMs.P50-80) > .05 || q.FailedMs.Max != 0 {
		t.Errorf("p50 of all %v ms, of answers %v (mean %v), of whole ones %v, max of failed %v",
			q.LatencyMs.P50, q.AnswerMs.P50, q.AnswerMs.Mean, q.OKMs.P50, q.FailedMs.Max)
	}
	if err := r.Balance(); err != nil {
		t.Error(err)
	}
	merged, err := MergeWindows(r.Windows()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []struct {
		of   string
		take func() (*hdrhistogram.Histogram, error)
		want *Latency
	}{{"answers", merged.Answers, q.AnswerMs}, {"whole answers", merged.Whole, q.OKMs}, {"failures", merged.Failures, q.FailedMs}} {
		h, err := part.take()
		if err != nil {
			t.Fatal(err)
		}
		got := LatencyOf(h)
		if got.Count != part.want.Count || math.Abs(got.P50-part.want.P50) > .05 || math.Abs(got.P999-part.want.P999) > .05 {
			t.Errorf("%s of the windows %+v, of the phase %+v", part.of, got, *part.want)
		}
	}
}

// A run that was recorded before failures had latencies of their own can't say what its answers took.
func TestAnswersOfAnOldRunAreUnknown(t *testing.T) {
	r := NewRecorder([]Span{{Name: "p", End: time.Minute}})
	for i := range 10 {
		r.Add(Sample{Load: "l", Request: "a", Done: time.Second, Outcome: outcomeNames[2*(i%2)]})
	}
	old := r.Windows()
	old[0].FailedHistogram = ""
	merged, err := MergeWindows(old...)
	if err != nil {
		t.Fatal(err)
	}
	if h, err := merged.Answers(); err == nil {
		t.Errorf("%d answers in place of an error", h.TotalCount())
	}
	if _, err := merged.Failures(); err == nil {
		t.Error("failures in place of an error")
	}
}
