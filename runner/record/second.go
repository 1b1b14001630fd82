package record

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

type windowKey struct{ second, phase int }

// window is one second while it fills: latencies wait as plain numbers until the second is over
// (or there are many) and are then packed into some 3 bytes a bucket. Late answers are merged in.
type window struct {
	windowKey
	kind *kind

	sent    int64
	cut     int64 // in none of the others
	ended   [outcomes]int64
	latency [outcomes]series
	isOpen  bool // in Recorder.open
}

// series are latencies of one outcome in us: those that wait, and those packed.
type series struct {
	values []uint32
	packed []byte
}

// windowValues is how many latencies wait before they are packed: 64 kB.
const windowValues = 16 << 10

func (r *Recorder) addToWindow(k *kind, key windowKey, s Sample, cut bool) {
	if key.second > r.newest {
		r.newest = key.second
		r.closeWindows(key.second - 1)
	}
	w := k.window(key)
	if cut {
		w.cut++
		return
	}
	w.sent++
	w.ended[outcomeOf(s)]++
	if s.Unsent {
		return
	}
	l := &w.latency[outcomeOf(s)]
	l.values = append(l.values, micros(s.Latency()))
	if !w.isOpen {
		w.isOpen = true
		r.open = append(r.open, w)
	}
	if len(l.values) >= windowValues {
		l.pack(&r.work)
	}
}

// closeWindows packs every open window of a second before the given one.
func (r *Recorder) closeWindows(before int) {
	kept := r.open[:0]
	for _, w := range r.open {
		if w.second >= before {
			kept = append(kept, w)
			continue
		}
		for i := range w.latency {
			w.latency[i].pack(&r.work)
			w.latency[i].values = nil
		}
		w.isOpen = false
	}
	clear(r.open[len(kept):])
	r.open = kept
}

// pack moves the waiting values to the packed ones; work is room to do it in.
func (l *series) pack(work *buckets) {
	if len(l.values) > 0 {
		work.clear()
		l.unpackInto(work)
		l.packed = work.pack()
		l.values = l.values[:0]
	}
}

// unpackInto adds every value.
func (l *series) unpackInto(b *buckets) {
	b.unpack(l.packed)
	for _, v := range l.values {
		b.add(v)
	}
}

// encode is the histogram of some outcomes together, "" where there is none.
func (w *window) encode(work *buckets, of ...int) string {
	work.clear()
	for _, outcome := range of {
		w.latency[outcome].unpackInto(work)
	}
	if work.total == 0 {
		return ""
	}
	return work.encode()
}

// answered are percentiles of the latencies of its answers, in ms; nil where there is none.
func (w *window) answered(work *buckets) (p50, p90, p99 *float64) {
	work.clear()
	w.latency[whole].unpackInto(work)
	w.latency[degraded].unpackInto(work)
	if work.total == 0 {
		return nil, nil, nil
	}
	at := func(percentile float64) *float64 {
		ms := Milliseconds(work.quantile(percentile))
		return &ms
	}
	return at(50), at(90), at(99)
}

// Windows are all seconds so far, sorted by second, phase, load and request.
func (r *Recorder) Windows() []Window {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.every()
	slices.SortFunc(all, byTime)
	out := make([]Window, len(all))
	for i, w := range all {
		out[i] = r.figures(w)
	}
	return out
}

// every are all windows so far.
func (r *Recorder) every() []*window {
	var all []*window
	for _, k := range r.kinds {
		all = slices.AppendSeq(all, maps.Values(k.windows))
	}
	return all
}

// byTime is the order of windows.
func byTime(a, b *window) int {
	return cmp.Or(a.second-b.second, a.phase-b.phase, strings.Compare(a.kind.load, b.kind.load), strings.Compare(a.kind.request, b.kind.request))
}

// figures are those of a window so far.
func (r *Recorder) figures(w *window) Window {
	out := Window{
		Second: w.second, Load: w.kind.load, Request: w.kind.request,
		Sent: w.sent, OK: w.ended[whole], Degraded: w.ended[degraded], Failed: w.ended[failed], Cut: w.cut,
		Histogram:         w.encode(&r.work, whole, degraded, failed),
		DegradedHistogram: w.encode(&r.work, degraded), FailedHistogram: w.encode(&r.work, failed),
	}
	out.P50, out.P90, out.P99 = w.answered(&r.work)
	if w.phase >= 0 && w.phase < len(r.spans) {
		out.Phase = r.spans[w.phase].Name
	}
	return out
}
