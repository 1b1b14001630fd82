package report

import (
	"testing"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// Of writes, what was lost fails a run, and nothing lost of nothing shows nothing.
func TestJudgeWrites(t *testing.T) {
	t.Parallel()
	judge(t, []judged{
		{name: "writes lost fail whatever else is in doubt", change: func(r *record.Result) {
			r.Writes.Lost = 1
			r.Checks[0].OK = false
		}, expect: scenarios.Expectation{WritesLost: ref(0)}, verdict: record.Fail, measured: "1 lost of 10 acknowledged"},
		{name: "both bounds of writes in one line", change: func(r *record.Result) { r.Writes.Duplicated = 7 },
			expect: scenarios.Expectation{WritesLost: ref(0), WritesDuplicated: ref(0), Text: "writes_lost: 0, writes_duplicated: 0"}, verdict: record.Fail,
			measured: "0 lost, 7 duplicated of 10 acknowledged"},
		{name: "writes that were not read back can't be told", change: func(r *record.Result) { r.Writes = record.Writes{Why: "refused"} },
			expect: scenarios.Expectation{WritesLost: ref(0)}, verdict: record.Inconclusive, measured: "unknown"},
		{name: "nothing lost of nothing acknowledged shows nothing", change: func(r *record.Result) { r.Writes.Acknowledged = 0 },
			expect: scenarios.Expectation{WritesLost: ref(0)}, verdict: record.Inconclusive,
			measured: "0 lost of 0 acknowledged", reason: "no write was acknowledged"},
		{name: "nothing lost of the warm-up's alone shows nothing", change: func(r *record.Result) { r.Writes.InPhases = ref(int64(0)) },
			expect: scenarios.Expectation{WritesLost: ref(0)}, verdict: record.Inconclusive,
			measured: "0 lost of 10 acknowledged", reason: "no write was acknowledged in the phases; the 10 acknowledged are the warm-up's"},
		{name: "one write of the phases is a sample", change: func(r *record.Result) { r.Writes.InPhases = ref(int64(1)) },
			expect: scenarios.Expectation{WritesLost: ref(0)}, verdict: record.Pass, measured: "0 lost of 10 acknowledged, 9 of them in the warm-up"},
		{name: "an event of each write is not of the writes", change: func(r *record.Result) { r.Writes.InPhases, r.Writes.Events = ref(int64(1)), 10 },
			expect: scenarios.Expectation{EventsLost: ref(0)}, verdict: record.Pass, measured: "0 lost of 10 events"},
		{name: "the warm-up's that are lost are lost", change: func(r *record.Result) { r.Writes.InPhases, r.Writes.Lost = ref(int64(0)), 2 },
			expect: scenarios.Expectation{WritesLost: ref(0)}, verdict: record.Fail, measured: "2 lost of 10 acknowledged"},
		{name: "events of the warm-up alone show nothing", change: func(r *record.Result) { r.Writes.InPhases, r.Writes.Events = ref(int64(0)), 9 },
			expect: scenarios.Expectation{EventsLost: ref(0)}, verdict: record.Inconclusive,
			measured: "0 lost of 9 events", reason: "the 9 events are the warm-up's"},
		{name: "no duplicate of nothing acknowledged shows nothing", change: func(r *record.Result) { r.Writes.Acknowledged = 0 },
			expect: scenarios.Expectation{WritesDuplicated: ref(0)}, verdict: record.Inconclusive,
			measured: "0 duplicated of 0 acknowledged", reason: "no write was acknowledged"},
		{name: "a duplicate of what nobody acknowledged is one", change: func(r *record.Result) { r.Writes = record.Writes{Checked: true, Duplicated: 1} },
			expect: scenarios.Expectation{WritesDuplicated: ref(0)}, verdict: record.Fail, measured: "1 duplicated of 0 acknowledged"},
		{name: "no event lost of none shows nothing", expect: scenarios.Expectation{EventsLost: ref(0)}, verdict: record.Inconclusive,
			measured: "0 lost of 0 events", reason: "no write has an event"},
		{name: "no event duplicated of none shows nothing", expect: scenarios.Expectation{EventsDuplicated: ref(0)}, verdict: record.Inconclusive,
			measured: "0 duplicated of 0 events", reason: "no write has an event"},
	})
}
