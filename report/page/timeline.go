package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner/record"
)

// mostBuckets bounds what is drawn of a run however long it was: more than a screen has room for shows nothing more.
const mostBuckets = 270

// outcomes are requests by what became of them.
type outcomes struct{ sent, ok, degraded, failed, cut float64 }

func (o *outcomes) add(w *record.Window) {
	o.sent += float64(w.Sent)
	o.ok += float64(w.OK)
	o.degraded += float64(w.Degraded)
	o.failed += float64(w.Failed)
	o.cut += float64(w.Cut)
}

// total is all that was intended.
func (o outcomes) total() float64 { return o.sent + o.cut }

// kind is one kind of request over time.
type kind struct {
	load, request string
	buckets       []outcomes
}

// harm is what its users lost, a failure counting as much as two degraded answers.
func (k kind) harm() float64 {
	sum := 0.0
	for _, o := range k.buckets {
		sum += 2*(o.failed+o.cut) + o.degraded
	}
	return sum
}

// timeline is a run cut into buckets of whole seconds.
type timeline struct {
	begin, end float64 // s, of the phases
	width      float64 // of a bucket, s
	all        []outcomes
	kinds      []kind
	// latencies are quantiles of answers in ms, by bucket; NaN where there was none.
	p50, p90, p99, most []float64
	heat                heat
}

// buckets counts them.
func (t *timeline) buckets() int { return len(t.all) }

// at is when a bucket begins.
func (t *timeline) at(i int) float64 { return t.begin + float64(i)*t.width }

// bucket is the one that a moment is in, and whether it is within the phases.
func (t *timeline) bucket(s float64) (int, bool) {
	i := int(math.Floor((s - t.begin) / t.width))
	return i, i >= 0 && i < len(t.all)
}

// newTimeline adds the windows of a run up, bucket by bucket.
func newTimeline(r *record.Result) (*timeline, error) {
	t := &timeline{end: r.DurationS}
	for _, p := range r.Phases {
		t.end = max(t.end, p.EndS)
	}
	for _, w := range r.Windows {
		if w.Second >= 0 && r.DurationS == 0 {
			t.end = max(t.end, float64(w.Second+1))
		}
	}
	t.width = max(1, math.Ceil(t.end/mostBuckets))
	n := int(math.Ceil(t.end / t.width))
	t.all = make([]outcomes, n)
	of := make([][]int, n) // windows by bucket
	index := map[[2]string]int{}
	for i := range r.Windows {
		w := &r.Windows[i]
		b, in := t.bucket(float64(w.Second))
		if !in {
			continue
		}
		of[b] = append(of[b], i)
		t.all[b].add(w)
		key := [2]string{w.Load, w.Request}
		k, known := index[key]
		if !known {
			k = len(t.kinds)
			index[key] = k
			t.kinds = append(t.kinds, kind{w.Load, w.Request, make([]outcomes, n)})
		}
		t.kinds[k].buckets[b].add(w)
	}
	slices.SortFunc(t.kinds, func(a, b kind) int { // those first that lost most
		return cmp.Or(cmp.Compare(b.harm(), a.harm()), strings.Compare(a.load, b.load), strings.Compare(a.request, b.request))
	})
	return t, t.time(r.Windows, of)
}

// time reads the latencies of every bucket.
func (t *timeline) time(windows []record.Window, of [][]int) error {
	for _, into := range []*[]float64{&t.p50, &t.p90, &t.p99, &t.most} {
		*into = make([]float64, len(of))
	}
	t.heat = newHeat(len(of))
	for b, in := range of {
		all, failed, err := latencies(windows, in)
		if err != nil {
			return err
		}
		t.heat.add(b, all)
		answers := without(all, failed)
		if answers.TotalCount() == 0 {
			for _, into := range [][]float64{t.p50, t.p90, t.p99, t.most} {
				into[b] = math.NaN()
			}
			continue
		}
		t.p50[b] = quantile(answers, 50)
		t.p90[b] = quantile(answers, 90)
		t.p99[b] = quantile(answers, 99)
		t.most[b] = quantile(answers, 100)
	}
	return nil
}

func quantile(h *hdrhistogram.Histogram, p float64) float64 {
	return record.Milliseconds(record.Quantile(h, p))
}

// latencies are all those of some windows, and those of their failures, in us.
func latencies(windows []record.Window, in []int) (all, failed *hdrhistogram.Histogram, err error) {
	all, failed = record.NewHistogram(), record.NewHistogram()
	for _, i := range in {
		w := windows[i]
		for _, part := range []struct {
			into    *hdrhistogram.Histogram
			encoded string
		}{{all, w.Histogram}, {failed, w.FailedHistogram}} {
			if part.encoded == "" {
				continue
			}
			h, err := hdrhistogram.Decode([]byte(part.encoded))
			if err != nil {
				return nil, nil, fmt.Errorf("decode histogram of %q %q, second %d: %w", w.Load, w.Request, w.Second, err)
			}
			part.into.Merge(h)
		}
	}
	return all, failed, nil
}

// without takes the failures off all; a record from before failures had a histogram of their own has all alone.
func without(all, failed *hdrhistogram.Histogram) *hdrhistogram.Histogram {
	if failed.TotalCount() == 0 {
		return all
	}
	counts, minus := all.Export(), failed.Export()
	for i, n := range minus.Counts {
		counts.Counts[i] = max(0, counts.Counts[i]-n)
	}
	return hdrhistogram.Import(counts)
}
