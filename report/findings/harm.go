package findings

import (
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner/record"
)

// harm is what the users of one request lost in one phase.
type harm struct {
	load, request string
	sent, failed  int64
	lost          int64 // failed, cut, or much slower than in the steady phase
}

// harmsOf are the harms of a phase; without a steady one to compare with, what was slow is not among them.
func harmsOf(r *record.Result, p *phase, steady *phase) []harm {
	var out []harm
	for _, q := range p.Requests {
		told := p.toldNo(q)
		h := harm{load: q.Load, request: q.Request, sent: q.Sent + q.Cut, failed: q.Failed + q.Cut - told}
		h.lost = h.failed
		if before := requestOf(steady, q.Load, q.Request); before != nil {
			h.lost += late(r, steady.Name, *before, p.Name, q)
		}
		out = append(out, h)
	}
	return out
}

// toldNo is how many of a request were answered, if with a no: by a rule that is there to refuse (429 by a rate, 403 by a rule about bots), or
// that there is no such thing (404, 410) while nothing was wrong. Nothing that went wrong made them fail.
func (p *phase) toldNo(q record.Request) (n int64) {
	if p.counted("rate_limited_total") || p.counted("bots_limited_total") {
		n += q.Errors["429"]
	}
	if p.counted("bots_blocked_total") {
		n += q.Errors["403"]
	}
	if len(p.faults) == 0 && len(p.acts) == 0 {
		n += q.Errors["404"] + q.Errors["410"]
	}
	return n
}

// Lost is about how many of a phase's requests failed, were cut, or took much longer than their like did before, in the steady phase (nil: there is
// none to compare with), as far as percentiles tell: what rows are ordered by, and none only where none was lost or late. What findings say is counted.
func Lost(before *record.Request, q record.Request) int64 {
	lost := q.Failed + q.Cut
	if before != nil {
		lost += int64(slower(before.AnswerMs, q.AnswerMs) * float64(q.OK+q.Degraded))
	}
	return lost
}

func requestOf(p *phase, load, request string) *record.Request {
	if p == nil {
		return nil
	}
	for i, q := range p.Requests {
		if q.Load == load && q.Request == request {
			return &p.Requests[i]
		}
	}
	return nil
}

// late is how many of a request's answers took much longer in a phase than those of the same rank in the steady one: counted, from the histograms of both. Where
// fewer than a hundredth did, as the percentiles have it, they are what any second has, and none. Of a record that has percentiles alone, it is what these show
// at least.
func late(r *record.Result, steady string, before record.Request, phase string, q record.Request) int64 {
	if slower(before.AnswerMs, q.AnswerMs) == 0 {
		return 0
	}
	was, err := r.AnswersOf(steady, before)
	now, err2 := r.AnswersOf(phase, q)
	if err != nil || err2 != nil {
		return Lost(&before, q) - q.Failed - q.Cut
	}
	return laterByRank(was, now)
}

// laterByRank counts the values of now that are much more than those of the same rank (nearest, from below) of was. Both are in us.
func laterByRank(was, now *hdrhistogram.Histogram) (n int64) {
	type step struct {
		ms   float64
		upTo int64 // its last rank
	}
	var steps []step
	for top, count := range record.Bars(was) {
		steps = append(steps, step{ms: float64(top) / 1000, upTo: count})
		if i := len(steps) - 1; i > 0 {
			steps[i].upTo += steps[i-1].upTo
		}
	}
	all, passed, reached := now.TotalCount(), int64(0), 0
	for top, count := range record.Bars(now) {
		for reached < len(steps) && MuchSlower(steps[reached].ms, float64(top)/1000) {
			reached++ // as many as now's values are above: they rise, and so does this
		}
		if reached > 0 {
			ranks := steps[reached-1].upTo * all / was.TotalCount() // now's ranks that belong to them
			n += min(count, max(0, ranks-passed))
		}
		passed += count
	}
	return n
}

// much is how many ms an answer must be later than its like in the steady phase, and at least twice as late, to count as lost.
const much = 20

// MuchSlower tells whether a latency counts as lost beside what it was before, both in ms.
func MuchSlower(before, now float64) bool { return now > 2*before && now-before > much }

// slower is the share of answers that took much longer than in the steady phase, as far as the percentiles tell.
func slower(before, now *record.Latency) float64 {
	if before == nil || now == nil {
		return 0
	}
	for _, at := range []struct{ share, before, now float64 }{
		{0.5, before.P50, now.P50}, {0.1, before.P90, now.P90}, {0.05, before.P95, now.P95}, {0.01, before.P99, now.P99},
	} {
		if MuchSlower(at.before, at.now) {
			return at.share
		}
	}
	return 0
}

// unmet tells whether an expectation about any request of a phase did not hold.
func unmet(r *record.Result, p *phase) bool {
	return slices.ContainsFunc(r.Expectations, func(e record.Expectation) bool {
		return e.Broken() && (e.In == p.Name || e.In == "") &&
			slices.ContainsFunc(p.harms, func(h harm) bool { return record.Covers(e.Of, h.load, h.request) })
	})
}

// expect counts among what a phase lost the answers that were not as an expectation asks which did not hold, where they are more than were late beside the
// steady phase: what failed is among the lost already.
func (p *phase) expect(r *record.Result) {
	for _, e := range r.Expectations {
		for _, m := range e.Missed {
			for i := range p.harms {
				if h := &p.harms[i]; m.Phase == p.Name && m.Load == h.load && m.Request == h.request {
					h.lost = max(h.lost, h.failed+m.Answers)
				}
			}
		}
	}
}

// lost is what all users together lost in a phase.
func (p *phase) lost() (n int64) {
	for _, h := range p.harms {
		n += h.lost
	}
	return n
}

func (p *phase) sent() (n int64) {
	for _, h := range p.harms {
		n += h.sent
	}
	return n
}
