package record

import (
	"iter"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The geometry of every latency histogram: 1 us to 10 min in us with 3 significant digits, so
// that a quantile is at most 0.1 % off. All histograms share it, so that they merge exactly.
const (
	histogramLowest  = 1
	histogramHighest = int64(10 * time.Minute / time.Microsecond)
	histogramDigits  = 3
)

// NewHistogram makes an empty histogram with the geometry that windows are kept in; values are us.
func NewHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(histogramLowest, histogramHighest, histogramDigits)
}

// RecordDuration adds a duration to a histogram of NewHistogram, rounded to whole us and clamped to its range.
func RecordDuration(h *hdrhistogram.Histogram, d time.Duration) {
	_ = h.RecordValue(int64(micros(d))) // in range by micros
}

// micros rounds to whole us within the range of the histograms.
func micros(d time.Duration) uint32 {
	us := int64((d + time.Microsecond/2) / time.Microsecond)
	return uint32(min(max(us, 0), histogramHighest))
}

// Rank is the nearest rank of a percentile (0..100) among n sorted values, counted from 1: the smallest of which at least that
// share of the values is no greater, ceil(percentile/100 x n). Every percentile of a run is the value of this rank, so
// one slow request of 60 is their p99. 0 where there are none.
func Rank(percentile float64, n int64) int64 {
	exact := percentile * float64(n) / 100
	return min(max(int64(math.Ceil(exact*(1-1e-12))), 1), n) // 99.9 x 1000 / 100 is not quite 999 in floating point
}

// Quantile is the value at a percentile (0..100) by its nearest rank, with the bucket's middle in place of its upper
// end; 0 where there is none.
func Quantile(h *hdrhistogram.Histogram, percentile float64) time.Duration {
	n := h.TotalCount()
	if n == 0 {
		return 0
	}
	// HdrHistogram rounds to the rank that is closest; a percentile that is the rank's own leaves it nothing to round.
	return middle(h.ValueAtPercentile(100 * float64(Rank(percentile, n)) / float64(n)))
}

// Slower counts the values above a duration, by the middles of their buckets.
func Slower(h *hdrhistogram.Histogram, than time.Duration) (n int64) {
	for top, count := range Bars(h) {
		if middle(top) > than {
			n += count
		}
	}
	return n
}

// Bars gives the buckets of a histogram of NewHistogram that hold anything, from the lowest: the highest value in us that
// belongs there, and how many do. The library's Distribution makes a list of all 20,000 buckets, empty ones included,
// which is most of what reading a long run's seconds costs.
func Bars(h *hdrhistogram.Histogram) iter.Seq2[int64, int64] {
	return func(yield func(top, count int64) bool) {
		left := h.TotalCount()
		if left == 0 {
			return
		}
		for i, count := range h.Export().Counts {
			if count > 0 && !yield(bucketTop(i), count) {
				return
			}
			if left -= count; left == 0 {
				return
			}
		}
	}
}

// middle turns the highest us value of a bucket into the bucket's middle: buckets are 1 us wide up
// to 2048 us and double their width with every doubling from there.
func middle(highest int64) time.Duration {
	width := int64(1)
	for bound := int64(2048); highest >= bound; bound *= 2 {
		width *= 2
	}
	return time.Duration(highest)*time.Microsecond - time.Duration(width-1)*time.Microsecond/2
}

// LatencyOf is the summary of a histogram, for merged windows: its mean and max are the histogram's.
func LatencyOf(h *hdrhistogram.Histogram) Latency {
	if h.TotalCount() == 0 {
		return Latency{}
	}
	quantile := func(percentile float64) time.Duration { return Quantile(h, percentile) }
	return summarize(h.TotalCount(), quantile, h.Mean()/1000, time.Duration(h.Max())*time.Microsecond)
}

// summarize reads the quantiles of a histogram; no quantile exceeds the exact maximum.
func summarize(n int64, quantile func(float64) time.Duration, meanMs float64, most time.Duration) Latency {
	at := func(p float64) float64 { return Milliseconds(min(quantile(p), most)) }
	return Latency{
		Count: n, Mean: meanMs,
		P50: at(50), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9),
		Max: Milliseconds(most),
	}
}

// Seconds is a time as records have it: s, to the µs.
func Seconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Second)
}

// Milliseconds is a duration in ms, to the us.
func Milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)/time.Microsecond) / 1000
}
