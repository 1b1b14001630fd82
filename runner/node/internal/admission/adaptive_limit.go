package admission

import (
	"context"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

var concurrencyLimit = host.NewGauge("squall_concurrency_limit",
	"How many requests may be in flight now; 0: any number.")

// Defaults of an adaptive bound; the first two are those of Netflix's concurrency-limits.
const (
	vegasStart = 20
	vegasMost  = 1000
	vegasAnew  = 30 * time.Second
	vegasProbe = 3
)

// A window of samples lasts for twice the fastest of them, within these bounds, and has so many or lasts for the longest
// time: single times say little where work is drawn from a long-tailed shape.
const (
	shortestWindow = 100 * time.Millisecond
	longestWindow  = time.Second
	windowSamples  = 50
)

// AdaptiveLimit is how many requests may be in flight: a number, or, as in TCP Vegas and Netflix's concurrency-limits
// (VegasLimit, WindowedLimit), one that follows from how long requests take. Of a window of samples, with R their mean and
// R0 the least mean of any window:
//
//	queue = L (1 - R0/R)
//	L + beta  where queue <= threshold          threshold = max(1, log10 L)
//	L + threshold  where queue < alpha          alpha = 3 threshold
//	L - threshold  where queue > beta, or a request was dropped: 503, 504, or left by who asked    beta = 6 threshold
//
// and L stays where no more than half of it was used. So W workers of S each have a standing queue of alpha to beta:
// L is W + alpha to W + beta, R is S L / W. R0 grows out of date when work becomes slower; every anew, and at first, it is
// found out again: it is the mean of a window that used no more than half of L, or else that of one with 3 in flight, after
// one that empties the queue, as Envoy's adaptive concurrency does. (Netflix's takes the next sample whatever it is, with
// the queue in it, so that under lasting overload the bound drifts up.)
//
// A nil bound lets everything in. It is safe for concurrent use.
type AdaptiveLimit struct {
	metrics  *host.Metrics
	adaptive bool
	least    float64
	most     float64
	anew     time.Duration

	mu       sync.Mutex
	inFlight int
	limit    float64
	fastest  time.Duration // R0; 0: not known
	window   vegasWindow
	probeAt  time.Time
	probing  int // windows of the probe that are still to come
}

// vegasWindow is what was sampled since it began.
type vegasWindow struct {
	began    time.Time
	sum      time.Duration
	shortest time.Duration
	count    int
	used     int // the most in flight
	dropped  bool
}

// keptAdaptiveLimit is what an instance retains of a bound.
type keptAdaptiveLimit struct {
	limit *AdaptiveLimit
	rule  scenarios.Shed
}

// AdaptiveLimitOf is the node's, the one that there is where it stays as it was.
func AdaptiveLimitOf(i *host.Instance, s *scenarios.Shed) *AdaptiveLimit {
	kept := host.Retain(i, func() *keptAdaptiveLimit { return &keptAdaptiveLimit{} })
	if s == nil {
		kept.limit = nil
		concurrencyLimit.In(i.Metrics).Store(0)
		return nil
	}
	if kept.limit == nil || kept.rule != *s {
		kept.limit, kept.rule = newAdaptiveLimit(i, s), *s
	}
	return kept.limit
}

func newAdaptiveLimit(i *host.Instance, s *scenarios.Shed) *AdaptiveLimit {
	b := &AdaptiveLimit{metrics: i.Metrics, limit: float64(s.InFlight), adaptive: s.Adaptive != ""}
	if b.adaptive {
		b.least, b.most, b.anew = float64(max(s.Least, 1)), float64(s.Most), s.Anew
		if b.most == 0 {
			b.most = vegasMost
		}
		if b.anew == 0 {
			b.anew = vegasAnew
		}
		if b.limit == 0 {
			b.limit = min(max(vegasStart, b.least), b.most)
		}
		// Instances that began at once do not find out at once.
		b.anew = time.Duration((.9 + .2*i.Chance(host.Trace{Request: i.Config.Instance}, "vegas").Float64()) * float64(b.anew))
	}
	concurrencyLimit.In(b.metrics).Store(int64(b.limit))
	return b
}

// enter takes a place, if there is one. Who has it must call leave.
func (b *AdaptiveLimit) enter() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if float64(b.inFlight) >= math.Floor(b.allowed()) {
		return false
	}
	b.inFlight++
	b.window.used = max(b.window.used, b.inFlight)
	return true
}

// allowed is the bound, or less while the fastest time is found out. b.mu is held.
func (b *AdaptiveLimit) allowed() float64 {
	if b.probing > 0 {
		return min(max(b.least, vegasProbe), b.limit)
	}
	return b.limit
}

// leave gives a place back; what was asked took so long, and came to a status.
func (b *AdaptiveLimit) leave(ctx context.Context, took time.Duration, status int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.inFlight--
	if !b.adaptive {
		return
	}
	dropped := ctx.Err() != nil || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
	if !dropped && status >= http.StatusInternalServerError {
		return // a fast failure says nothing about how long work takes
	}
	b.sample(time.Now(), took, dropped)
}

func (b *AdaptiveLimit) sample(now time.Time, took time.Duration, dropped bool) {
	w := &b.window
	if w.began.IsZero() {
		w.began = now
	}
	if w.count == 0 || took < w.shortest {
		w.shortest = took
	}
	w.sum, w.count, w.dropped = w.sum+took, w.count+1, w.dropped || dropped
	lasted, enough := now.Sub(w.began), w.count >= windowSamples
	if lasted < min(max(2*w.shortest, shortestWindow), longestWindow) || !enough && lasted < longestWindow {
		return
	}
	b.adjust(now, *w)
	b.window = vegasWindow{began: now, used: b.inFlight}
	concurrencyLimit.In(b.metrics).Store(int64(b.limit))
}

// adjust is one step of the bound, at the end of a window.
func (b *AdaptiveLimit) adjust(now time.Time, w vegasWindow) {
	mean := w.sum / time.Duration(w.count)
	switch {
	case b.probing == 2:
		b.probing--
		return
	case b.probing == 1:
		b.probing, b.fastest, b.probeAt = 0, mean, now.Add(b.anew)
		return
	case now.Before(b.probeAt):
	case 2*float64(w.used) <= b.limit:
		b.fastest, b.probeAt = mean, now.Add(b.anew)
		return
	default:
		b.probing = 2
		return
	}
	if b.fastest == 0 || mean < b.fastest {
		b.fastest = mean
	}
	step := max(1, math.Floor(math.Log10(b.limit)))
	queue := math.Ceil(b.limit * (1 - float64(b.fastest)/float64(mean)))
	switch {
	case w.dropped:
		b.limit -= step
	case 2*float64(w.used) < b.limit: // it is not what holds requests back
		return
	case queue <= step:
		b.limit += 6 * step
	case queue < 3*step:
		b.limit += step
	case queue > 6*step:
		b.limit -= step
	}
	b.limit = min(max(b.limit, b.least), b.most)
}

// Shed answers with h what the bound lets in, and refuses the rest at once.
func Shed(i *host.Instance, b *AdaptiveLimit, h host.Handler) host.Handler {
	if b == nil {
		return h
	}
	return func(w http.ResponseWriter, r *http.Request, c host.Trace) {
		if !b.enter() {
			shedTotal.In(i.Metrics).Add(1)
			if r.Header.Get(wire.HeaderPriority) == "low" {
				shedLowTotal.In(i.Metrics).Add(1)
			}
			w.Header().Set("Retry-After", "1")
			i.Refuse(w, http.StatusServiceUnavailable, "too much in flight")
			return
		}
		began, watched := time.Now(), &host.StatusWriter{ResponseWriter: w}
		defer func() { b.leave(r.Context(), time.Since(began), watched.Status) }()
		h(watched, r, c)
	}
}
