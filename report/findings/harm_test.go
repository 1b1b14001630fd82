package findings

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/squallhq/squall/runner/record"
)

// timed is so many answers of so many ms, in turn.
type timed struct{ n, ms int64 }

func histogram(t *testing.T, of ...timed) *hdrhistogram.Histogram {
	t.Helper()
	h := record.NewHistogram()
	for _, one := range of {
		if err := h.RecordValues(1000*one.ms, one.n); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// Answers are compared with those of the same rank, whatever the numbers of both are.
func TestLateIsCountedByRank(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		was, now []timed
		late     int64
	}{
		"as before":                          {[]timed{{100, 10}}, []timed{{700, 10}}, 0},
		"all":                                {[]timed{{100, 10}}, []timed{{700, 40}}, 700},
		"not twice as long":                  {[]timed{{100, 100}}, []timed{{700, 190}}, 0},
		"twice as long, but not by 20 ms":    {[]timed{{100, 1}}, []timed{{700, 20}}, 0},
		"half, behind a latency of 300 ms":   {[]timed{{160, 1}}, []timed{{160, 1}, {160, 301}}, 160},
		"what was slow before is so no more": {[]timed{{50, 1}, {50, 100}}, []timed{{200, 1}, {200, 100}}, 0},
		"a quarter more is slow":             {[]timed{{50, 1}, {50, 100}}, []timed{{100, 1}, {300, 100}}, 100},
		"faster, but for the last":           {[]timed{{10, 100}}, []timed{{99, 1}, {1, 1000}}, 1},
	} {
		if got := laterByRank(histogram(t, c.was...), histogram(t, c.now...)); got != c.late {
			t.Errorf("%s: %d late, want %d", name, got, c.late)
		}
	}
}

// The count is that of going through the answers one by one.
func TestLateAgainstEachAnswer(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		draw := func() *hdrhistogram.Histogram {
			of := make([]timed, 1+rnd.IntN(80))
			for i := range of {
				of[i] = timed{1, 1 + rnd.Int64N(200)}
			}
			return histogram(t, of...)
		}
		first, second := draw(), draw()
		was, now := sorted(first), sorted(second)
		var want int64
		for i, ms := range now {
			rank := ((i+1)*len(was) + len(now) - 1) / len(now) // nearest: the least that is no smaller share of its own
			if MuchSlower(was[rank-1], ms) {
				want++
			}
		}
		if got := laterByRank(first, second); got != want {
			t.Fatalf("seed %d: %d of %v are late beside %v, want %d", seed, got, now, was, want)
		}
	}
}

// sorted are all values of a histogram in ms, each as its bucket has it.
func sorted(h *hdrhistogram.Histogram) (ms []float64) {
	for top, n := range record.Bars(h) {
		for range n {
			ms = append(ms, float64(top)/1000)
		}
	}
	return ms
}

// seconds puts a phase's answers into the record, as windows.jsonl has them.
func seconds(t *testing.T, r *record.Result, phase int, of ...timed) {
	t.Helper()
	p := &r.Phases[phase]
	q := &p.Requests[0]
	h := histogram(t, of...)
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		t.Fatal(err)
	}
	n := h.TotalCount()
	q.OK, q.Sent, q.Failed = n, n, 0
	latency := record.LatencyOf(h)
	q.AnswerMs = &latency
	r.Windows = append(r.Windows, record.Window{Phase: p.Name, Load: q.Load, Request: q.Request, Sent: n, OK: n, Histogram: string(encoded)})
}

// What a finding says to be lost or late is counted: of 160 that a latency held it says 160, not a tenth of all since their 90th percentile is late.
// A record that has percentiles alone shows so many at least.
func TestLostIsCounted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now, before []timed
		forget      bool
		missed      int64
		lost        int64
	}{
		"half were late":                         {now: []timed{{161, 1}, {159, 301}}, before: []timed{{160, 1}}, lost: 159},
		"half were late, as percentiles have it": {now: []timed{{161, 1}, {159, 301}}, before: []timed{{160, 1}}, forget: true, lost: 32},
		"one of so many is any second's":         {now: []timed{{319, 1}, {1, 301}}, before: []timed{{160, 1}}, lost: 0},
		"more missed what is expected":           {now: []timed{{161, 1}, {159, 301}}, before: []timed{{160, 1}}, missed: 200, lost: 200},
		"fewer missed what is expected":          {now: []timed{{161, 1}, {159, 301}}, before: []timed{{160, 1}}, missed: 20, lost: 159},
	} {
		r := patient(t, plain)
		seconds(t, r, 0, c.before...)
		seconds(t, r, 1, c.now...)
		if c.forget {
			r.Windows = nil
		}
		if c.missed > 0 {
			no := false
			r.Expectations = []record.Expectation{{In: "slow", Of: "all", Holds: &no, Missed: []record.Missed{{Phase: "slow", Load: "users", Request: "GET /x", Answers: c.missed}}}}
		}
		d, err := diagnose(r)
		if err != nil {
			t.Fatal(err)
		}
		if h := d.phases[1].harms[0]; h.lost != c.lost {
			t.Errorf("%s: %d lost, want %d", name, h.lost, c.lost)
		}
	}
}

// What is expected of data, or of a delivery, makes no request late.
func TestWhatIsNotOfRequestsLosesNone(t *testing.T) {
	t.Parallel()
	no := false
	r := patient(t, plain)
	r.Expectations = []record.Expectation{{Text: "writes_lost: 0", Holds: &no}, {Text: "of: front -> back, lag < 1s", In: "steady", Of: "front -> back", Holds: &no}}
	d, err := diagnose(r)
	if err != nil {
		t.Fatal(err)
	}
	lost := slices.MaxFunc(d.phases[0].harms, func(a, b harm) int { return cmp.Compare(a.lost, b.lost) })
	if lost.lost != 0 {
		t.Errorf("%d of %s are lost where no request missed anything", lost.lost, lost.request)
	}
}
