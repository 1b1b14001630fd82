package report

import (
	"slices"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// missed are the answers that a bound is about and that did not do as it asks, by phase and kind of request. A bound that asks for less of what is
// better has none, nor has one of a rate, which is not about single requests, or of failures, which are no answers.
func missed(r *record.Result, e scenarios.Expectation, b scenarios.Bound) (out []record.Missed) {
	facts := b.Metric.Facts()
	atMost := b.Op == "<" || b.Op == "<="
	if b.Op == "==" || atMost != (facts.Better == metric.Less) || facts.Latency() && e.LatencyOf == "failed" {
		return nil
	}
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			if !within(e.In, p.Name) || !record.Covers(e.Of, q.Load, q.Request) {
				continue
			}
			if n := answersMissing(r, p.Name, q, e, b); n > 0 {
				out = append(out, record.Missed{Phase: p.Name, Load: q.Load, Request: q.Request, Answers: n})
			}
		}
	}
	return out
}

// answersMissing is how many answers of a request in a phase did not do as a bound asks; of latency, of those that latency_of is about.
func answersMissing(r *record.Result, phase string, q record.Request, e scenarios.Expectation, b scenarios.Bound) int64 {
	switch {
	case b.Metric.Facts().Latency():
		of := e.LatencyOf
		if of == "all" {
			of = "answers" // the others failed, and are counted so
		}
		merged, err := r.MergedOf(phase, q)
		if err != nil {
			return 0 // a record without them: none is known
		}
		timed, err := sought[of].merged(merged)
		if err != nil {
			return 0 // nor of one without those of each outcome
		}
		return record.Slower(timed, time.Duration(b.Value*float64(time.Second)))
	case b.Metric == metric.OK || b.Metric == metric.Degraded:
		return q.Degraded
	case b.Metric == metric.StaleReads:
		return q.StaleReads
	}
	return 0
}

// mostMissed has of each kind of request the greater count: an answer may miss several bounds.
func mostMissed(have, more []record.Missed) []record.Missed {
	for _, m := range more {
		i := slices.IndexFunc(have, func(h record.Missed) bool { return h.Phase == m.Phase && h.Load == m.Load && h.Request == m.Request })
		if i < 0 {
			have = append(have, m)
		} else {
			have[i].Answers = max(have[i].Answers, m.Answers)
		}
	}
	return have
}
