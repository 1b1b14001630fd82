package record

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

type windowKey struct{ second, phase int }

// window is one second while it fills: latencies wait as plain numbers until the second is over
// (or there are many) and are then packed into some 3 bytes a bucket. Late answers are merged in.
type window struct {
	windowKey
	kind *kind

	sent, ok, degraded, failed, cut int64

	values []uint32 // us, not packed yet
	packed []byte
	isOpen bool // in Recorder.open
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
	switch s.Outcome {
	case OK:
		w.ok++
	case Degraded:
		w.degraded++
	case Failed:
		w.failed++
	}
	if s.Unsent {
		return
	}
	w.values = append(w.values, micros(s.Latency()))
	if !w.isOpen {
		w.isOpen = true
		r.open = append(r.open, w)
	}
	if len(w.values) >= windowValues {
		r.pack(w)
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
		r.pack(w)
		w.values = nil
		w.isOpen = false
	}
	clear(r.open[len(kept):])
	r.open = kept
}

// pack moves the window's waiting values to its packed ones.
func (r *Recorder) pack(w *window) {
	if len(w.values) > 0 {
		r.work.clear()
		w.unpackInto(&r.work)
		w.packed = r.work.pack()
		w.values = w.values[:0]
	}
}

// unpackInto adds everything that the window has seen.
func (w *window) unpackInto(b *buckets) {
	b.unpack(w.packed)
	for _, v := range w.values {
		b.add(v)
	}
}

// Windows are all seconds so far, sorted by second, phase, load and request.
func (r *Recorder) Windows() []Window {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*window
	for _, k := range r.kinds {
		all = slices.AppendSeq(all, maps.Values(k.windows))
	}
	slices.SortFunc(all, func(a, b *window) int {
		return cmp.Or(a.second-b.second, a.phase-b.phase, strings.Compare(a.kind.load, b.kind.load), strings.Compare(a.kind.request, b.kind.request))
	})
	out := make([]Window, len(all))
	for i, w := range all {
		out[i] = Window{
			Second: w.second, Load: w.kind.load, Request: w.kind.request,
			Sent: w.sent, OK: w.ok, Degraded: w.degraded, Failed: w.failed, Cut: w.cut,
		}
		if w.phase >= 0 && w.phase < len(r.spans) {
			out[i].Phase = r.spans[w.phase].Name
		}
		r.work.clear()
		if w.unpackInto(&r.work); r.work.total > 0 {
			out[i].Histogram = r.work.encode()
		}
	}
	return out
}

// Live is the last whole second, for whoever watches.
type Live struct {
	// Rate is the requests intended in that second whose outcome is known.
	Rate float64
	// Success is (ok + degraded) / Rate; 0 if there was none.
	Success float64
	P99     time.Duration
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
				good += w.ok + w.degraded
				w.unpackInto(&r.work)
			}
		}
	}
	if sent == 0 {
		return Live{}
	}
	return Live{Rate: float64(sent), Success: float64(good) / float64(sent), P99: r.work.quantile(99)}
}
