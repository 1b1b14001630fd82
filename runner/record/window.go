package record

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

type windowKey struct {
	second int
	phase  int
	kind
}

// window is one second while it fills: latencies wait as plain numbers until the second is over
// (or there are many) and then live encoded, at most some 4 kB. Late answers are merged in.
type window struct {
	key                        windowKey
	sent, ok, degraded, failed int64
	values                     []uint32 // us, not encoded yet
	encoded                    []byte
	isOpen                     bool // in Recorder.open
}

// windowValues is how many latencies wait before they are encoded: 64 kB.
const windowValues = 16 << 10

func (r *Recorder) addToWindow(k windowKey, s Sample) {
	if k.second > r.newest {
		r.newest = k.second
		r.closeWindows(k.second - 1)
	}
	w := r.windows[k]
	if w == nil {
		w = &window{key: k}
		r.windows[k] = w
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
		r.encode(w)
	}
}

// closeWindows encodes every open window of a second before the given one.
func (r *Recorder) closeWindows(before int) {
	kept := r.open[:0]
	for _, w := range r.open {
		if w.key.second >= before {
			kept = append(kept, w)
			continue
		}
		r.encode(w)
		w.values = nil
		w.isOpen = false
	}
	clear(r.open[len(kept):])
	r.open = kept
}

// encode moves the window's waiting values into its encoded histogram.
func (r *Recorder) encode(w *window) {
	if len(w.values) == 0 {
		return
	}
	if err := r.load(w); err != nil {
		r.errWindow = cmp.Or(r.errWindow, err)
		return
	}
	encoded, err := r.scratch.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		r.errWindow = cmp.Or(r.errWindow, fmt.Errorf("encode window of %q, second %d: %w", w.key.request, w.key.second, err))
		return
	}
	w.encoded = encoded
	w.values = w.values[:0]
}

// load puts everything that the window has seen into the scratch histogram.
func (r *Recorder) load(w *window) error {
	r.scratch.Reset()
	if w.encoded != nil {
		h, err := hdrhistogram.Decode(w.encoded)
		if err != nil {
			return fmt.Errorf("decode window of %q, second %d: %w", w.key.request, w.key.second, err)
		}
		r.scratch.Merge(h)
	}
	for _, v := range w.values {
		_ = r.scratch.RecordValue(int64(v)) // in range by micros
	}
	return nil
}

// Windows are all seconds so far, sorted by second, phase, load and request.
func (r *Recorder) Windows() []Window {
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := make([]windowKey, 0, len(r.windows))
	for k := range r.windows {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b windowKey) int {
		return cmp.Or(a.second-b.second, a.phase-b.phase, strings.Compare(a.load, b.load), strings.Compare(a.request, b.request))
	})
	out := make([]Window, len(keys))
	for i, k := range keys {
		w := r.windows[k]
		r.encode(w)
		out[i] = Window{
			Second: k.second, Load: k.load, Request: k.request,
			Sent: w.sent, OK: w.ok, Degraded: w.degraded, Failed: w.failed,
			Histogram: string(w.encoded),
		}
		if k.phase >= 0 && k.phase < len(r.spans) {
			out[i].Phase = r.spans[k.phase].Name
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
	total := NewHistogram()
	var sent, good int64
	for k, w := range r.windows {
		if k.second != second {
			continue
		}
		sent += w.sent
		good += w.ok + w.degraded
		if r.load(w) == nil {
			total.Merge(r.scratch)
		}
	}
	if sent == 0 {
		return Live{}
	}
	return Live{Rate: float64(sent), Success: float64(good) / float64(sent), P99: Quantile(total, 99)}
}
