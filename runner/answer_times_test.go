package runner

import (
	"testing"
	"time"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
)

// 90 answers within 1..90 us over one edge and ten of 5 s over another: the percentiles of both together are no mean of theirs.
func TestAnswerTimesOfAPair(t *testing.T) {
	counted := func(stays ...time.Duration) EdgeCounters {
		var s passage.Spreading
		c := EdgeCounters{FirstBytes: int64(len(stays))}
		for _, stay := range stays {
			s.Add(stay)
			c.FirstByteTotal += stay
		}
		c.Answers = s.Read()
		return c
	}
	var quick, slow []time.Duration
	for i := range 90 {
		quick = append(quick, time.Duration(i+1)*time.Microsecond)
	}
	for range 10 {
		slow = append(slow, 5*time.Second)
	}
	both := answerTimes(counted(quick...).answeredWith(counted(slow...)))
	if both.Count != 100 || both.P50 != .05 || both.P90 != .09 || both.P99 < 4980 || both.P99 > 5020 || both.Max != both.P99 {
		t.Errorf("both together: %+v", *both)
	}
	if mean := (90*91/2 + 10*5e6) / 100. / 1000; both.Mean != mean {
		t.Errorf("their mean is %v, want %v: it needs no buckets", both.Mean, mean)
	}
	if one := answerTimes(counted(quick...)); one.P99 != .09 || one.Count != 90 {
		t.Errorf("the quick ones alone: %+v", *one)
	}
	before := counted(quick...)
	if since := answerTimes(counted(append(quick, slow...)...).since(before)); since.Count != 10 || since.P50 < 4980 {
		t.Errorf("what came since: %+v", *since)
	}
	if none := answerTimes(before.since(before)); none != nil {
		t.Errorf("of no answers there are %+v", *none)
	}
}

func answerTimes(c EdgeCounters) *record.Latency { return analysis.Answers(c.Answers, c.firstByteMs()) }
