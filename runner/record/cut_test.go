package record

import (
	"testing"
	"time"
)

// Figures of a phase are of the requests intended in it. What a fault of another phase cut is counted apart and charged to the fault.
func TestRequestsAtTheEdgesOfAFault(t *testing.T) {
	t.Parallel()
	const ms, second = time.Millisecond, time.Second
	spans := []Span{
		{Name: "steady", End: 10 * second},
		{Name: "hurt", Start: 10 * second, End: 20 * second},
		{Name: "recovery", Start: 20 * second, End: 30 * second},
	}
	hurt := FaultSpan{Start: 10 * second, End: 20 * second}
	killed := FaultSpan{Start: 10 * second, End: 20 * second, Restarts: true}
	again := FaultSpan{Start: 20 * second, End: 25 * second}
	inside := FaultSpan{Start: 5 * second, End: 7 * second}
	long := FaultSpan{Start: 5 * second, End: 15 * second}
	for _, c := range []struct {
		name           string
		faults         []FaultSpan // each is 3 ms late, on and off
		intended, done time.Duration
		outcome        Outcome
		phase          string
		cut            []int64
	}{
		{"answered before the fault", []FaultSpan{hurt}, 9990 * ms, 9999 * ms, Failed, "steady", []int64{0}},
		{"cut in the very moment", []FaultSpan{hurt}, 9990 * ms, 10003 * ms, Failed, "", []int64{1}},
		{"cut later on", []FaultSpan{hurt}, 9990 * ms, 12 * second, Failed, "", []int64{1}},
		{"slowed, and answered", []FaultSpan{hurt}, 9990 * ms, 12 * second, OK, "steady", []int64{0}},
		{"it failed before anything was done", []FaultSpan{hurt}, 9990 * ms, 10002 * ms, Failed, "steady", []int64{0}},
		{"under way at the turn of quiet phases", nil, 9990 * ms, 10500 * ms, Failed, "steady", nil},
		{"its own phase's fault was on before", []FaultSpan{long, hurt}, 9990 * ms, 10500 * ms, Failed, "steady", []int64{0, 0}},
		{"its own phase's fault was gone before", []FaultSpan{inside, hurt}, 9990 * ms, 10500 * ms, Failed, "", []int64{0, 1}},
		{"two at once", []FaultSpan{hurt, hurt}, 9990 * ms, 10500 * ms, Failed, "", []int64{1, 1}},
		{"under the fault", []FaultSpan{hurt}, 15 * second, 16 * second, Failed, "hurt", []int64{0}},
		{"under the fault, failed after it", []FaultSpan{hurt}, 19 * second, 25 * second, Failed, "hurt", []int64{0}},
		{"under the fault when another came", []FaultSpan{hurt, again}, 19 * second, 21 * second, Failed, "hurt", []int64{0, 0}},
		{"intended while it was lifted", []FaultSpan{hurt}, 20001 * ms, 20002 * ms, Failed, "", []int64{1}},
		{"the same, answered", []FaultSpan{hurt}, 20001 * ms, 20002 * ms, OK, "recovery", []int64{0}},
		{"intended after that", []FaultSpan{hurt}, 20003 * ms, 20050 * ms, Failed, "recovery", []int64{0}},
		{"intended while it restarted", []FaultSpan{killed}, 20001 * ms, 20002 * ms, Failed, "recovery", []int64{0}},
	} {
		r := NewRecorder(spans, c.faults...)
		for i, f := range c.faults {
			r.Began(i, f.Start+3*ms)
			if f.End+3*ms <= c.done { // what has not happened yet is not known
				r.Ended(i, f.End+3*ms)
			}
		}
		r.Add(Sample{Load: "u", Request: "GET /", Intended: c.intended, Sent: c.intended, Done: c.done, Outcome: c.outcome, Error: map[bool]string{true: ErrTimeout}[c.outcome == Failed]})
		if err := r.Balance(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		for i, want := range c.cut {
			if got := r.Cut(i); got != want {
				t.Errorf("%s: %d charged to fault %d, want %d", c.name, got, i, want)
			}
		}
		var counted string
		var rate float64
		for _, p := range r.Phases() {
			for _, q := range p.Requests {
				if q.Sent > 0 {
					counted = p.Name
				}
				rate += q.Rate
			}
		}
		if counted != c.phase || rate != 0.1 {
			t.Errorf("%s: counted to %q at %g/s, want %q at 0.1/s", c.name, counted, rate, c.phase)
		}
		if w := r.Windows()[0]; w.Sent+w.Cut != 1 || (w.Cut == 1) != (c.phase == "") {
			t.Errorf("%s: window %+v", c.name, w)
		}
	}
}

// What was never sent was not under way, and the warm-up is in no phase.
func TestWhatNoFaultCuts(t *testing.T) {
	t.Parallel()
	r := NewRecorder([]Span{{Name: "hurt", End: 10 * time.Second}}, FaultSpan{End: 10 * time.Second})
	r.Began(0, 0)
	r.Add(Sample{Intended: -time.Millisecond, Done: time.Second, Outcome: Failed, Error: ErrReset})
	r.Add(Sample{Intended: time.Second, Outcome: Failed, Unsent: true, Error: ErrCanceled})
	r.Add(Sample{Intended: 2 * time.Second, Done: 3 * time.Second, Outcome: Failed, Error: ErrCanceled})
	if r.Cut(0) != 0 {
		t.Errorf("%d were cut", r.Cut(0))
	}
	r.End(3 * time.Second)
	if q := r.Phases()[0].Requests[0]; q.Sent != 1 || q.Failed != 1 || q.Unsent != 1 || q.Cut != 0 || q.Interrupted != 1 {
		t.Errorf("%+v: want one that was not sent, and one that the run's end cut", q)
	}
}

// What nobody planned is on while a request is under way: it may be what failed it, and the fault that comes on meanwhile is not charged.
func TestWhatNobodyPlannedIsNoFaults(t *testing.T) {
	t.Parallel()
	const ms, second = time.Millisecond, time.Second
	for name, c := range map[string]struct {
		from, until    time.Duration // until 0: it does not end
		intended, done time.Duration
		cut            int64
	}{
		"nothing":                      {from: 90 * second, intended: 9990 * ms, done: 12 * second, cut: 1},
		"an instance died before":      {from: 4 * second, intended: 9990 * ms, done: 12 * second},
		"it died while it was waiting": {from: 11 * second, intended: 9990 * ms, done: 12 * second},
		"it died as it failed":         {from: 12 * second, intended: 9990 * ms, done: 12 * second},
		"people were done by then":     {from: 4 * second, until: 9 * second, intended: 9990 * ms, done: 12 * second, cut: 1},
		"people were at it":            {from: 4 * second, until: 9995 * ms, intended: 9990 * ms, done: 12 * second},
	} {
		r := NewRecorder([]Span{{Name: "steady", End: 10 * second}, {Name: "hurt", Start: 10 * second, End: 20 * second}}, FaultSpan{Start: 10 * second, End: 20 * second})
		r.Began(0, 10*second)
		over := r.Unplanned(c.from)
		if c.until > 0 {
			over(c.until)
		}
		r.Add(Sample{Intended: c.intended, Done: c.done, Outcome: Failed, Error: ErrTimeout})
		if got := r.Cut(0); got != c.cut {
			t.Errorf("%s: %d charged to the fault, want %d", name, got, c.cut)
		}
	}
}
