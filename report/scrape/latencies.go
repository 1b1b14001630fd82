package scrape

import (
	"math"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/squallhq/squall/runner/record"
)

// bounds are the upper bounds of the buckets, in seconds: from a millisecond to a minute.
var bounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// spread is latencies in buckets.
type spread struct {
	under [15]uint64 // at most each bound
	count uint64
	sum   float64 // s
}

func (s *spread) add(o spread) {
	for i := range s.under {
		s.under[i] += o.under[i]
	}
	s.count += o.count
	s.sum += o.sum
}

// less is without what is part of it.
func (s spread) less(o spread) spread {
	for i := range s.under {
		s.under[i] -= o.under[i]
	}
	s.count -= o.count
	s.sum = math.Max(0, s.sum-o.sum)
	return s
}

// spreadOf puts a window's histogram, in us, into the buckets.
func spreadOf(h *hdrhistogram.Histogram) spread {
	var s spread
	for _, bar := range h.Distribution() {
		if bar.Count == 0 {
			continue
		}
		s.count += uint64(bar.Count)
		s.sum += (time.Duration(bar.From+bar.To) / 2 * time.Microsecond).Seconds() * float64(bar.Count)
		for i, bound := range bounds {
			if float64(bar.To) <= bound*1e6 {
				s.under[i] += uint64(bar.Count)
			}
		}
	}
	return s
}

// second is one window, by what it is of.
type second struct {
	at                   int
	phase, load, request string
}

// read is a window as it was read last.
type read struct {
	all, failed   string // as they are encoded
	answers, lost spread
}

// latencies keeps what it has read of windows: those of seconds long past do not change.
type latencies struct {
	mu   sync.Mutex
	seen map[second]read
}

// collect gives a histogram of the answers and of the failures of each kind of request. Windows that can't be read are left out.
func (l *latencies) collect(out chan<- prometheus.Metric, windows []record.Window) {
	type kind struct{ load, request, outcome string }
	sums := map[kind]*spread{}
	add := func(k kind, s spread) {
		if sums[k] == nil {
			sums[k] = &spread{}
		}
		sums[k].add(s)
	}
	l.mu.Lock()
	for _, w := range windows {
		if w.Phase == "" {
			continue
		}
		one, err := l.read(w)
		if err != nil {
			continue
		}
		add(kind{w.Load, w.Request, "answered"}, one.answers)
		if one.lost.count > 0 {
			add(kind{w.Load, w.Request, "failed"}, one.lost)
		}
	}
	l.mu.Unlock()
	desc := prometheus.NewDesc("squall_load_latency_seconds", "Latency of requests of the phases from their intended time: of answers (ok and degraded) and of failures.",
		[]string{"load", "request", "outcome"}, nil)
	for k, s := range sums {
		buckets := map[float64]uint64{}
		for i, bound := range bounds {
			buckets[bound] = s.under[i]
		}
		out <- prometheus.MustNewConstHistogram(desc, s.count, s.sum, buckets, k.load, k.request, k.outcome)
	}
}

func (l *latencies) read(w record.Window) (read, error) {
	if l.seen == nil {
		l.seen = map[second]read{}
	}
	key := second{w.Second, w.Phase, w.Load, w.Request}
	if was, known := l.seen[key]; known && was.all == w.Histogram && was.failed == w.FailedHistogram {
		return was, nil
	}
	all, err := w.Latencies()
	if err != nil {
		return read{}, err
	}
	one := read{all: w.Histogram, failed: w.FailedHistogram, answers: spreadOf(all)}
	if w.FailedHistogram != "" {
		failed, err := w.Failures()
		if err != nil {
			return read{}, err
		}
		one.lost = spreadOf(failed)
		one.answers = one.answers.less(one.lost)
	}
	l.seen[key] = one
	return one, nil
}
