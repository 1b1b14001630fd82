package analysis

import (
	"time"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/record"
)

// Answers is how long answers took to their first byte, of which the mean is known; nil where there was none.
func Answers(took passage.Spread, meanMs float64) *record.Latency {
	var n int64
	most := time.Duration(0)
	for stay, count := range took.Stays() {
		n += count
		most = stay
	}
	if n == 0 {
		return nil
	}
	at := func(percentile float64) float64 {
		rank := record.Rank(percentile, n)
		for stay, count := range took.Stays() {
			if rank -= count; rank <= 0 {
				return record.Milliseconds(stay)
			}
		}
		return record.Milliseconds(most)
	}
	return &record.Latency{
		Count: n, Mean: meanMs, P50: at(50), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9), Max: record.Milliseconds(most),
	}
}
