package record

import (
	"errors"
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
	// P50 is the median latency of the answers among them, ok and degraded; null where there was none.
	P50 *float64 `json:"p50_ms" unit:"ms" since:"2026-11-29"`
	// P90 is their 90th percentile.
	P90 *float64 `json:"p90_ms" unit:"ms" since:"2026-11-29"`
	// P99 is their 99th percentile: of few, as an answer is a second, the greatest.
	P99 *float64 `json:"p99_ms" unit:"ms" since:"2026-11-29"`
	// Histogram is the latencies of those sent (HDR, us, 3 digits, up to 10 min), in the HDR V2 compressed encoding, base64.
	Histogram string `json:"histogram" unit:"us"`
	// DegradedHistogram is that of the degraded among them; what is in neither this nor the next were whole answers.
	DegradedHistogram string `json:"degraded_histogram,omitempty" unit:"us" since:"2026-11-29"`
	// FailedHistogram is that of the failed among them.
	FailedHistogram string `json:"failed_histogram,omitempty" unit:"us" since:"2026-11-29"`
}

// Latencies decodes the window's histogram; values are us. A window without a sent request has an empty one.
func (w Window) Latencies() (*hdrhistogram.Histogram, error) { return w.decode(w.Histogram) }

// Failures decodes the histogram of the failed among them; values are us.
func (w Window) Failures() (*hdrhistogram.Histogram, error) { return w.decode(w.FailedHistogram) }

func (w Window) decode(encoded string) (*hdrhistogram.Histogram, error) {
	if encoded == "" {
		return NewHistogram(), nil
	}
	h, err := hdrhistogram.Decode([]byte(encoded))
	if err != nil {
		return nil, fmt.Errorf("decode histogram of %q %q, second %d: %w", w.Load, w.Request, w.Second, err)
	}
	return h, nil
}

// MergeInto adds the window's latencies to all, and those of its failures to failed.
func (w Window) MergeInto(all, failed *hdrhistogram.Histogram) error {
	return errors.Join(w.mergeInto(all, w.Histogram), w.mergeInto(failed, w.FailedHistogram))
}

// mergeInto unpacks the counts that are not 0 alone: a second has a few hundred, and a histogram room for 20,000.
func (w Window) mergeInto(into *hdrhistogram.Histogram, encoded string) error {
	if encoded == "" {
		return nil
	}
	h, err := hdrhistogram.DecodePacked([]byte(encoded))
	if err != nil {
		return fmt.Errorf("decode histogram of %q %q, second %d: %w", w.Load, w.Request, w.Second, err)
	}
	if dropped := h.MergeInto(into); dropped > 0 {
		return fmt.Errorf("merge histogram of %q %q, second %d: %d values out of range", w.Load, w.Request, w.Second, dropped)
	}
	return nil
}

// Merged is several windows taken together.
type Merged struct {
	Sent, OK, Degraded, Failed int64
	// Latencies are of all that were sent, in us.
	Latencies *hdrhistogram.Histogram
	// degraded and failed are those parts of them; nil where there are none.
	degraded, failed *hdrhistogram.Histogram
}

// MergeWindows adds windows up, without loss.
func MergeWindows(windows ...Window) (Merged, error) {
	m := Merged{Latencies: NewHistogram()}
	for _, w := range windows {
		for _, part := range []struct {
			into    **hdrhistogram.Histogram
			encoded string
		}{{&m.Latencies, w.Histogram}, {&m.degraded, w.DegradedHistogram}, {&m.failed, w.FailedHistogram}} {
			if part.encoded == "" {
				continue
			}
			if *part.into == nil {
				*part.into = NewHistogram()
			}
			if err := w.mergeInto(*part.into, part.encoded); err != nil {
				return Merged{}, err
			}
		}
		m.Sent += w.Sent
		m.OK += w.OK
		m.Degraded += w.Degraded
		m.Failed += w.Failed
	}
	return m, nil
}

// AnswersOf are the latencies of the answers to one kind of request in one phase, ok and degraded ones, in us. It fails where the windows do not have
// them all.
func (r *Result) AnswersOf(phase string, q Request) (*hdrhistogram.Histogram, error) {
	m, err := r.MergedOf(phase, q)
	if err != nil {
		return nil, err
	}
	return m.Answers()
}

// MergedOf are all windows of one kind of request in one phase taken together. It fails where they do not have all of its answers.
func (r *Result) MergedOf(phase string, q Request) (Merged, error) {
	var of []Window
	for _, w := range r.Windows {
		if w.Phase == phase && w.Load == q.Load && w.Request == q.Request {
			of = append(of, w)
		}
	}
	m, err := MergeWindows(of...)
	if err == nil && (m.OK != q.OK || m.Degraded != q.Degraded) {
		err = fmt.Errorf("the windows of %q %q have %d of the %d answers in %s", q.Load, q.Request, m.OK+m.Degraded, q.OK+q.Degraded, phase)
	}
	return m, err
}

// Answers are the latencies of ok and degraded answers, in us. It fails for windows that were written before
// failed requests had a histogram of their own.
func (m Merged) Answers() (*hdrhistogram.Histogram, error) {
	return m.without(m.OK+m.Degraded, m.failed)
}

// Whole are the latencies of ok answers alone; it fails as Answers does.
func (m Merged) Whole() (*hdrhistogram.Histogram, error) {
	return m.without(m.OK, m.failed, m.degraded)
}

// Failures are the latencies of failed requests that were sent; it fails as Answers does.
func (m Merged) Failures() (*hdrhistogram.Histogram, error) {
	if _, err := m.Answers(); err != nil {
		return nil, err
	}
	if m.failed == nil {
		return NewHistogram(), nil
	}
	return m.failed, nil
}

// without takes parts off all latencies; so many are to be left.
func (m Merged) without(left int64, parts ...*hdrhistogram.Histogram) (*hdrhistogram.Histogram, error) {
	rest := m.Latencies
	for _, part := range parts {
		if part == nil {
			continue
		}
		counts := rest.Export()
		for i, n := range part.Export().Counts {
			counts.Counts[i] -= n
		}
		rest = hdrhistogram.Import(counts)
	}
	if n := rest.TotalCount(); n != left {
		return nil, fmt.Errorf("the run was recorded without the latencies of each outcome: %d in place of %d", n, left)
	}
	return rest, nil
}
