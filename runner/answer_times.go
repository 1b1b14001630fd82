package runner

import (
	"time"

	"github.com/squallhq/squall/runner/record"
)

// answeredWith are the answers of two edges together.
func (c EdgeCounters) answeredWith(o EdgeCounters) EdgeCounters {
	c.FirstBytes += o.FirstBytes
	c.FirstByteTotal += o.FirstByteTotal
	c.Answers = c.Answers.Add(o.Answers)
	return c
}

// answerTimes is how long the answers of an edge took to their first byte; nil where there was none.
func answerTimes(c EdgeCounters) *record.Latency {
	var n int64
	most := time.Duration(0)
	for stay, count := range c.Answers.Stays() {
		n += count
		most = stay
	}
	if n == 0 {
		return nil
	}
	at := func(percentile float64) float64 {
		rank := record.Rank(percentile, n)
		for stay, count := range c.Answers.Stays() {
			if rank -= count; rank <= 0 {
				return record.Milliseconds(stay)
			}
		}
		return record.Milliseconds(most)
	}
	return &record.Latency{
		Count: n, Mean: c.firstByteMs(), P50: at(50), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9), Max: record.Milliseconds(most),
	}
}
