package report

import (
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// sought are the requests that an expectation of latency may be about, as its latency_of spells them. What is refused at once
// takes no time: among all it makes a system that sheds look fast, so answers alone are the default.
var sought = map[string]struct {
	noun    string
	summary func(record.Request) *record.Latency
	merged  func(record.Merged) (*hdrhistogram.Histogram, error)
}{
	"":        {"answer", func(q record.Request) *record.Latency { return q.AnswerMs }, record.Merged.Answers},
	"answers": {"answer", func(q record.Request) *record.Latency { return q.AnswerMs }, record.Merged.Answers},
	"ok":      {"whole answer", func(q record.Request) *record.Latency { return q.OKMs }, record.Merged.Whole},
	"failed":  {"failure", func(q record.Request) *record.Latency { return q.FailedMs }, record.Merged.Failures},
	"all": {"request", func(q record.Request) *record.Latency { return &q.LatencyMs },
		func(m record.Merged) (*hdrhistogram.Histogram, error) { return m.Latencies, nil }},
}

// summaryOf is the summary of one request's latencies in one phase, and whether it has one: not where there was nothing to time, nor in a
// run that was recorded before each outcome had its own, but where all were answered.
func summaryOf(q record.Request, of string) (record.Latency, bool) {
	timed := q.Sent - q.Unsent
	if l := sought[of].summary(q); l != nil && l.Count > 0 {
		return *l, true
	}
	old := q.LatencyMs
	if old.Count > 0 || timed == 0 || of != "all" && q.OK+q.Degraded != timed || of == "ok" && q.OK != timed || of == "failed" {
		return record.Latency{}, false
	}
	old.Count = timed
	return old, true
}

// latency is taken from the phase's summary where one request in one phase is meant, and from the windows' histograms taken
// together where several are.
func latency(r *record.Result, e scenarios.Expectation, m metric.Metric) (figure, error) {
	of := sought[e.LatencyOf]
	var one []record.Request
	sent := int64(0)
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			if within(e.In, p.Name) && record.Covers(e.Of, q.Load, q.Request) {
				one = append(one, q)
				sent += q.Sent
			}
		}
	}
	if sent == 0 {
		return figure{}, errNoneDue
	}
	var summary record.Latency
	if l, told := summaryOf(one[0], e.LatencyOf); told && len(one) == 1 {
		summary = l
	} else {
		h, err := together(r, e)
		if err != nil {
			return figure{}, err
		}
		summary = record.LatencyOf(h)
	}
	switch n := summary.Count; {
	case n == 0:
		return figure{}, fmt.Errorf("no %s was timed in it", of.noun)
	case n < m.Needs():
		return figure{}, &tooFew{metric: m, noun: of.noun, n: n}
	}
	return figure{value: words.Of(summary, m.Name) / 1000, n: summary.Count}, nil
}

// tooFew is why a percentile is unknown.
type tooFew struct {
	metric metric.Metric
	noun   string
	n      int64
}

func (e *tooFew) Error() string {
	return fmt.Sprintf("%s takes %d %ss, there were %d", e.metric.Label, e.metric.Needs(), e.noun, e.n)
}

// together are the latencies of all that an expectation is about, from the windows.
func together(r *record.Result, e scenarios.Expectation) (*hdrhistogram.Histogram, error) {
	phases := map[string]bool{}
	for _, p := range r.Phases {
		phases[p.Name] = within(e.In, p.Name)
	}
	var windows []record.Window
	for _, w := range r.Windows {
		if phases[w.Phase] && record.Covers(e.Of, w.Load, w.Request) {
			windows = append(windows, w)
		}
	}
	merged, err := record.MergeWindows(windows...)
	if err != nil {
		return nil, err
	}
	return sought[e.LatencyOf].merged(merged)
}

// fewRefute tells whether so few requests refute a percentile's bound all the same: p99 < 100 ms is refuted where more are slower than
// chance allows of a share of 1 %, at the confidence of shares.
func fewRefute(r *record.Result, e scenarios.Expectation, b scenarios.Bound) (slower int64, refute bool) {
	if b.Op != "<" && b.Op != "<=" {
		return 0, false
	}
	h, err := together(r, e)
	if err != nil {
		return 0, false
	}
	slower = record.Slower(h, time.Duration(b.Value*float64(time.Second)))
	chance := scenarios.Bound{Op: "<=", Value: 1 - b.Metric.Facts().Percentile/100}
	return slower, judgeShare(slower, h.TotalCount(), chance, confidence(e)) == refuted
}

func isTooFew(err error) bool {
	_, is := errors.AsType[*tooFew](err)
	return is
}
