package record

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Live is the last whole second, for whoever watches.
type Live struct {
	// Rate is the requests intended in that second whose outcome is known.
	Rate float64
	// Success is (ok + degraded) / Rate; 0 if there was none.
	Success float64
	P99     time.Duration
	// Answers that P99 is of.
	Answers int64
}

// Live sums up the last whole second before now, over all kinds of request.
func (r *Recorder) Live(now time.Duration) Live {
	r.mu.Lock()
	defer r.mu.Unlock()
	second := floorSecond(now) - 1
	r.work.clear()
	var sent, good int64
	for _, k := range r.kinds {
		for key, w := range k.windows {
			if key.second == second {
				sent += w.sent + w.cut
				good += w.ended[whole] + w.ended[degraded]
				w.latency[whole].unpackInto(&r.work)
				w.latency[degraded].unpackInto(&r.work)
			}
		}
	}
	if sent == 0 {
		return Live{}
	}
	return Live{Rate: float64(sent), Success: float64(good) / float64(sent), P99: r.work.quantile(99), Answers: good}
}

// LiveRequests are the last whole second before now of each kind of request.
func (r *Recorder) LiveRequests(now time.Duration) []LiveRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	second := floorSecond(now) - 1
	out := make([]LiveRequest, 0, len(r.kinds))
	for _, k := range r.kinds {
		q := LiveRequest{Load: k.load, Request: k.request}
		r.work.clear()
		for phase := -1; phase < len(r.spans); phase++ {
			w := k.windows[windowKey{second, phase}]
			if w == nil {
				continue
			}
			q.Sent += w.sent + w.cut
			q.OK += w.ended[whole]
			q.Degraded += w.ended[degraded]
			q.Failed += w.ended[failed] + w.cut
			w.latency[whole].unpackInto(&r.work)
			w.latency[degraded].unpackInto(&r.work)
		}
		q.P99 = r.work.quantile(99)
		out = append(out, q)
	}
	slices.SortFunc(out, func(a, b LiveRequest) int {
		return cmp.Or(strings.Compare(a.Load, b.Load), strings.Compare(a.Request, b.Request))
	})
	return out
}
