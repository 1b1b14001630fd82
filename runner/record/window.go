package record

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Window is one second of one kind of request in one phase, by intended time: one line of windows.jsonl.
type Window struct {
	// Second is the floor of the intended time, so -2 is in the warm-up.
	Second int `json:"second" unit:"s"`
	// Phase that the requests count to, "" outside all of them.
	Phase string `json:"phase"`
	// Load that sends it.
	Load string `json:"load"`
	// Request as the load spells it.
	Request string `json:"request"`
	// Sent counts intended requests, unsent ones included.
	Sent int64 `json:"sent" unit:"requests"`
	// OK are whole answers.
	OK int64 `json:"ok" unit:"requests"`
	// Degraded answers.
	Degraded int64 `json:"degraded" unit:"requests"`
	// Failed is everything else.
	Failed int64 `json:"failed" unit:"requests"`
	// Cut are in none of the others: see Request.
	Cut int64 `json:"cut,omitempty" unit:"requests" since:"2026-11-29"`
	// Histogram is the latencies of those sent (HDR, us, 3 digits, up to 10 min), in the HDR V2 compressed encoding, base64.
	Histogram string `json:"histogram" unit:"us"`
}

// Latencies decodes the window's histogram; values are us. A window without a sent request has an empty one.
func (w Window) Latencies() (*hdrhistogram.Histogram, error) {
	if w.Histogram == "" {
		return NewHistogram(), nil
	}
	h, err := hdrhistogram.Decode([]byte(w.Histogram))
	if err != nil {
		return nil, fmt.Errorf("decode histogram of %q %q, second %d: %w", w.Load, w.Request, w.Second, err)
	}
	return h, nil
}

// Merged is several windows taken together.
type Merged struct {
	Sent, OK, Degraded, Failed int64
	Latencies                  *hdrhistogram.Histogram
}

// MergeWindows adds windows up, without loss.
func MergeWindows(windows ...Window) (Merged, error) {
	m := Merged{Latencies: NewHistogram()}
	for _, w := range windows {
		h, err := w.Latencies()
		if err != nil {
			return Merged{}, err
		}
		if dropped := m.Latencies.Merge(h); dropped > 0 {
			return Merged{}, fmt.Errorf("merge histogram of %q %q, second %d: %d values out of range", w.Load, w.Request, w.Second, dropped)
		}
		m.Sent += w.Sent
		m.OK += w.OK
		m.Degraded += w.Degraded
		m.Failed += w.Failed
	}
	return m, nil
}
