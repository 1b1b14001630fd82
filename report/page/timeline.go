package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/report/findings"
	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

// mostBuckets bounds what is drawn of a run however long it was: more than a screen has room for shows nothing more.
const mostBuckets = 270

// outcomes are requests by what became of them.
type outcomes struct {
	sent, ok, degraded, failed, cut float64
	late                            float64 // of those that were answered, as far as the percentiles of a second tell
}

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
	steady        string          // the phase, "" where there is none
	before        *record.Latency // of its answers in it, nil where that is not known
	late          int             // seconds in which a tenth of its answers or more were late
}

// count adds a window to its bucket.
func (k *kind) count(b int, w *record.Window) {
	k.buckets[b].add(w)
	share := 0.0
	switch {
	case k.before == nil || w.Phase == k.steady || w.P50 == nil || w.P90 == nil:
	case findings.MuchSlower(k.before.P50, *w.P50):
		share = 0.5
	case findings.MuchSlower(k.before.P90, *w.P90):
		share = 0.1
	}
	if share > 0 {
		k.late++
		k.buckets[b].late += share * float64(w.OK+w.Degraded)
	}
}

// harm is what its users lost, a failure counting as much as two degraded answers.
func (k kind) harm() float64 {
	sum := 0.0
	for _, o := range k.buckets {
		sum += 2*(o.failed+o.cut) + max(o.degraded, o.late)
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
func newTimeline(r *record.Result) (*timeline, error) { return readTimeline(r, nil) }

// readTimeline is newTimeline of a run of which much is known from before; nil: nothing is.
func readTimeline(r *record.Result, before *known) (*timeline, error) {
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
			t.kinds = append(t.kinds, newKind(r, w, n))
		}
		t.kinds[k].count(b, w)
	}
	slices.SortFunc(t.kinds, func(a, b kind) int { // those first that lost most
		return cmp.Or(cmp.Compare(b.harm(), a.harm()), strings.Compare(a.load, b.load), strings.Compare(a.request, b.request))
	})
	return t, t.time(r.Windows, of, before)
}

// newKind is a window's kind of request, before anything of it is counted.
func newKind(r *record.Result, w *record.Window, buckets int) kind {
	k := kind{load: w.Load, request: w.Request, buckets: make([]outcomes, buckets)}
	if steady := words.Steady(r); steady >= 0 {
		k.steady = r.Phases[steady].Name
		for _, q := range r.Phases[steady].Requests {
			if q.Load == w.Load && q.Request == w.Request {
				k.before = q.AnswerMs
			}
		}
	}
	return k
}

// times are the latencies of the requests of a bucket: quantiles of its answers in ms (NaN where there was none), and its column of the heat map.
type times struct {
	requests            int64
	p50, p90, p99, most float64
	rows                []int64
}

// known is what was read of a run that goes on and is drawn again and again: the times of its buckets by their begin and width, and, since
// buckets become wider as it goes on, the latencies of its windows.
type known struct {
	buckets map[[2]float64]times
	windows map[windowName]latencyBars
}

func newKnown() *known {
	return &known{map[[2]float64]times{}, map[windowName]latencyBars{}}
}

type windowName struct {
	second               int
	phase, load, request string
}

// latencyBars are the latencies of a window of so many requests as bars, in us.
type latencyBars struct {
	requests    int64
	all, failed []bar
}

type bar struct{ top, count int64 }

// time reads the latencies of every bucket.
func (t *timeline) time(windows []record.Window, of [][]int, before *known) error {
	for _, into := range []*[]float64{&t.p50, &t.p90, &t.p99, &t.most} {
		*into = make([]float64, len(of))
	}
	t.heat = newHeat(len(of))
	for b, in := range of {
		is, err := t.timesAt(b, windows, in, before)
		if err != nil {
			return err
		}
		t.p50[b], t.p90[b], t.p99[b], t.most[b], t.heat[b] = is.p50, is.p90, is.p99, is.most, is.rows
	}
	return nil
}

func (t *timeline) timesAt(b int, windows []record.Window, in []int, before *known) (times, error) {
	if before == nil {
		all, failed, err := latencies(windows, in)
		return timesOf(all, failed, 0), err
	}
	key, requests := [2]float64{t.at(b), t.width}, int64(t.all[b].total())
	if is, read := before.buckets[key]; read && is.requests == requests {
		return is, nil
	}
	all, failed, err := before.latencies(windows, in)
	if err != nil {
		return times{}, err
	}
	before.buckets[key] = timesOf(all, failed, requests)
	return before.buckets[key], nil
}

// latencies is what latencies returns of the same windows.
func (k *known) latencies(windows []record.Window, in []int) (all, failed *hdrhistogram.Histogram, err error) {
	all, failed = record.NewHistogram(), record.NewHistogram()
	for n, i := range in {
		w := &windows[i]
		key, requests := windowName{w.Second, w.Phase, w.Load, w.Request}, w.Sent+w.Cut
		is, read := k.windows[key]
		if !read || is.requests != requests {
			of, bad, err := latencies(windows, in[n:n+1])
			if err != nil {
				return nil, nil, err
			}
			is = latencyBars{requests, barsOf(of), barsOf(bad)}
			k.windows[key] = is
		}
		for _, part := range []struct {
			into *hdrhistogram.Histogram
			bars []bar
		}{{all, is.all}, {failed, is.failed}} {
			for _, b := range part.bars {
				if err := part.into.RecordValues(b.top, b.count); err != nil {
					return nil, nil, fmt.Errorf("add latencies of %q %q, second %d: %w", w.Load, w.Request, w.Second, err)
				}
			}
		}
	}
	return all, failed, nil
}

func barsOf(h *hdrhistogram.Histogram) []bar {
	var out []bar
	for top, count := range record.Bars(h) {
		out = append(out, bar{top, count})
	}
	return out
}

// timesOf sums up latencies; nil ones are of what could not be read.
func timesOf(all, failed *hdrhistogram.Histogram, requests int64) times {
	if all == nil {
		return times{}
	}
	out := times{requests: requests, rows: rowsOf(all), p50: math.NaN(), p90: math.NaN(), p99: math.NaN(), most: math.NaN()}
	if answers := without(all, failed); answers.TotalCount() > 0 {
		out.p50, out.p90, out.p99, out.most = quantile(answers, 50), quantile(answers, 90), quantile(answers, 99), quantile(answers, 100)
	}
	return out
}

func quantile(h *hdrhistogram.Histogram, p float64) float64 {
	return record.Milliseconds(record.Quantile(h, p))
}

// latencies are all those of some windows, and those of their failures, in us.
func latencies(windows []record.Window, in []int) (all, failed *hdrhistogram.Histogram, err error) {
	all, failed = record.NewHistogram(), record.NewHistogram()
	for _, i := range in {
		if err := windows[i].MergeInto(all, failed); err != nil {
			return nil, nil, err
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
