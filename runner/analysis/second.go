// Package analysis works out from a run's records what they say about the system, and about the run itself: the steady state, what a
// fault did to it and when it was over, whether flows are conserved, whether the generator kept its schedule. All of it is
// pure: the same records, the same answer. Times are offsets from the first phase's begin.
package analysis

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Second is what all users together felt in one second, by intended time.
type Second struct {
	// At is the second's beginning; the first second of the phases is 0.
	At time.Duration
	// Sent requests, and how many of them were good (ok or degraded).
	Sent, Good int64
	P99        time.Duration
	// Tail is the latency that no more requests exceed than chance allows of a second whose p99 is exactly
	// at a limit: the quantile 0.99 - 3 standard deviations of so many requests.
	Tail time.Duration
	// Max is the slowest request's latency: until At + 1s + Max one of the second may have been in flight.
	Max time.Duration

	latencies []bar // in ascending order
}

// bar is how many requests took so long.
type bar struct {
	latency time.Duration
	n       int64
}

// slower counts the requests that took longer than a limit.
func (s Second) slower(limit time.Duration) (n int64) {
	for _, b := range slices.Backward(s.latencies) {
		if b.latency <= limit {
			break
		}
		n += b.n
	}
	return n
}

// Success is the share of good answers.
func (s Second) Success() float64 { return float64(s.Good) / float64(s.Sent) }

// Timeline merges windows into seconds: all loads and kinds of request together, in order of time.
// The warm-up is left out, and so are seconds without requests: they tell nothing.
func Timeline(windows []record.Window) ([]Second, error) {
	bySecond := map[int][]record.Window{}
	for _, w := range windows {
		if w.Phase != "" && w.Sent > 0 {
			bySecond[w.Second] = append(bySecond[w.Second], w)
		}
	}
	out := make([]Second, 0, len(bySecond))
	for at, ws := range bySecond {
		m, err := record.MergeWindows(ws...)
		if err != nil {
			return nil, fmt.Errorf("merge windows of second %d: %w", at, err)
		}
		s := Second{At: time.Duration(at) * time.Second, Sent: m.Sent, Good: m.OK + m.Degraded}
		if m.Latencies.TotalCount() > 0 {
			s.P99 = record.Quantile(m.Latencies, 99)
			s.Tail = record.Quantile(m.Latencies, tailPercentile(m.Latencies.TotalCount()))
			s.Max = record.Quantile(m.Latencies, 100)
			for top, count := range record.Bars(m.Latencies) {
				s.latencies = append(s.latencies, bar{time.Duration(top) * time.Microsecond, count})
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Second) int { return int(a.At - b.At) })
	return out, nil
}

// tailPercentile is 99 less three standard deviations of a share of 1 % among n, in whole requests: of 100 requests the 96th, of
// 1000 the 980th.
func tailPercentile(n int64) float64 {
	share := .99 - steadyDeviations*math.Sqrt(.01*.99/float64(n))
	return 100 * math.Floor(share*float64(n)) / float64(n)
}
