package analysis_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
)

// stretch is so many seconds of one sort.
type stretch struct {
	seconds int
	sent    int64
	good    int64
	p99     time.Duration
}

const ms = time.Millisecond

// The sorts: fine, slow (p99 out of the band), failing (success out of it), and no requests at all.
func fine(n int) stretch    { return stretch{n, 100, 100, 20 * ms} }
func slow(n int) stretch    { return stretch{n, 100, 100, 500 * ms} }
func failing(n int) stretch { return stretch{n, 100, 40, 20 * ms} }
func silent(n int) stretch  { return stretch{n, 0, 0, 0} }

func timeline(stretches ...stretch) (out []analysis.Second, end time.Duration) {
	for _, s := range stretches {
		for range s.seconds {
			if s.sent > 0 {
				out = append(out, analysis.Second{At: end, Sent: s.sent, Good: s.good, P99: s.p99, Tail: s.p99})
			}
			end += time.Second
		}
	}
	return out, end
}

func at(seconds float64) *time.Duration {
	d := time.Duration(seconds * float64(time.Second))
	return &d
}

func on(from, to float64) analysis.OnOff {
	return analysis.OnOff{What: fmt.Sprintf("the fault at %gs", from), On: at(from), Off: at(to)}
}

func stays(from float64) analysis.OnOff {
	return analysis.OnOff{What: fmt.Sprintf("the change at %gs", from), On: at(from), Off: at(30), Stays: true}
}

// words are a Recovered that a test can be read by.
func words(r analysis.Recovered) string {
	show := func(d *time.Duration) string {
		if d == nil {
			return "-"
		}
		return d.String()
	}
	s := fmt.Sprintf("detected %s, recovered %s, from onset %s", show(r.Detected), show(r.After), show(r.FromOnset))
	if r.Metastable {
		s += ", metastable"
	}
	if r.Untold != "" {
		s = "untold: " + r.Untold
		if r.Detected != nil {
			s += ", detected " + show(r.Detected)
		}
	}
	if r.With != "" {
		s += ", with " + r.With
	}
	return s
}

func TestRecovery(t *testing.T) {
	for _, c := range []struct {
		name   string
		lived  []stretch
		faults []analysis.OnOff
		want   string // of the first fault
	}{
		{"users never felt it", []stretch{fine(30)}, []analysis.OnOff{on(10, 20)},
			"detected -, recovered 0s, from onset 0s"},
		{"never felt, and gone with the end of the run", []stretch{fine(20)}, []analysis.OnOff{on(10, 19.5)},
			"detected -, recovered 0s, from onset 0s"},
		{"a change that stays and is not felt", []stretch{fine(30)}, []analysis.OnOff{stays(10)},
			"detected -, recovered 0s, from onset 0s"},
		{"a change that stays and is felt for 4 s", []stretch{fine(10), slow(4), fine(16)}, []analysis.OnOff{stays(10)},
			"detected 0s, recovered 4s, from onset 4s"},
		{"a switch that ends what was wrong before it", []stretch{fine(10), slow(12), fine(8)}, []analysis.OnOff{stays(20), on(10, 19.5)},
			"detected -, recovered 2s, from onset 2s"},
		{"a bad change that stays", []stretch{fine(10), failing(20)}, []analysis.OnOff{stays(10)},
			"detected 0s, recovered -, from onset -"},
		{"recovers at once", []stretch{fine(10), slow(10), fine(10)}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered 0s, from onset 10s"},
		{"applied and undone within seconds, which count as under it", []stretch{fine(10), slow(11), fine(9)}, []analysis.OnOff{on(10.02, 20.01)},
			"detected 0s, recovered 990ms, from onset 10.98s"},
		{"is felt 3 s later", []stretch{fine(13), slow(7), fine(10)}, []analysis.OnOff{on(10, 20)},
			"detected 3s, recovered 0s, from onset 10s"},
		{"failures count as p99 does", []stretch{fine(10), failing(14), fine(6)}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered 4s, from onset 14s"},
		{"two good seconds are no recovery", []stretch{fine(10), slow(12), fine(2), slow(1), fine(5)}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered 5s, from onset 15s"},
		{"the system settles under the fault", []stretch{fine(10), slow(4), fine(16)}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered 0s, from onset 4s"},
		{"it settles, and flaps once more", []stretch{fine(10), slow(4), fine(3), slow(1), fine(12)}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered 0s, from onset 8s"},
		{"not by the end", []stretch{fine(10), slow(20)}, []analysis.OnOff{on(10, 25)},
			"detected 0s, recovered -, from onset -"},
		{"the run ends before three seconds have passed", []stretch{fine(10), slow(10), fine(2)}, []analysis.OnOff{on(10, 20)},
			"untold: nobody watched long enough: the run ended after 2 of the 3 good seconds in a row that it takes, detected 0s"},
		{"felt, and gone with the end of the run", []stretch{fine(10), slow(10)}, []analysis.OnOff{on(10, 20)},
			"untold: nobody watched long enough: the run ended with it, detected 0s"},
		{"felt only once it is gone", []stretch{fine(20), failing(3), fine(7)}, []analysis.OnOff{on(10, 20)},
			"detected 10s, recovered 3s, from onset 13s"},
		{"silent seconds tell nothing", []stretch{fine(10), slow(10), silent(2), fine(1), silent(1), fine(6)}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered 2s, from onset 12s"},
		{"never undone", []stretch{fine(10), slow(20)}, []analysis.OnOff{{On: at(10)}},
			"detected 0s, recovered -, from onset -"},
		{"never applied", []stretch{fine(30)}, []analysis.OnOff{{}}, "untold: it was never applied"},
		{"no steady state", []stretch{fine(2), slow(28)}, []analysis.OnOff{on(2, 20)},
			"untold: there is no steady state to compare with: only 2 whole seconds with traffic before the first fault"},
		{"nothing went well before", []stretch{{10, 100, 0, 20 * ms}, {30, 100, 0, 20 * ms}}, []analysis.OnOff{on(10, 20)},
			"untold: there is no steady state to compare with: 0% of the requests before the first fault went well, and a second in which all fail would be no worse"},
		{"next to nothing went well before", []stretch{{10, 100, 5, 20 * ms}, {30, 100, 0, 20 * ms}}, []analysis.OnOff{on(10, 20)},
			"untold: there is no steady state to compare with: 5% of the requests before the first fault went well, and a second in which all fail would be no worse"},
		{"less than half went well before, and then nothing", []stretch{{10, 100, 40, 20 * ms}, {10, 100, 0, 20 * ms}, {10, 100, 40, 20 * ms}}, []analysis.OnOff{on(10, 15)},
			"detected 0s, recovered 5s, from onset 10s"},
		{"goodput stays down", []stretch{fine(10), failing(30)}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered -, from onset -, metastable"},
		{"goodput stays down, watched for as long as the fault was on", []stretch{fine(10), failing(40)}, []analysis.OnOff{on(10, 30)},
			"detected 0s, recovered -, from onset -, metastable"},
		{"watched too briefly", []stretch{fine(10), failing(29)}, []analysis.OnOff{on(10, 30)},
			"detected 0s, recovered -, from onset -"},
		{"one good second is not metastable", []stretch{fine(10), failing(15), fine(1), failing(14)}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered -, from onset -"},
		{"slow is not metastable: answers are good", []stretch{fine(10), slow(30)}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered -, from onset -"},
		{"more load than before explains it", []stretch{fine(10), {30, 200, 80, 20 * ms}}, []analysis.OnOff{on(10, 20)},
			"detected 0s, recovered -, from onset -"},
		{"another fault comes while it is on, and that one is felt", []stretch{fine(20), slow(10), fine(20)}, []analysis.OnOff{on(10, 40), on(20, 30)},
			"detected -, recovered 0s, from onset 0s"},
		{"another fault was on before, and not felt", []stretch{fine(20), slow(10), fine(20)}, []analysis.OnOff{on(20, 30), on(10, 40)},
			"detected 0s, recovered 0s, from onset 10s"},
		{"another fault was on and felt before", []stretch{fine(10), slow(30), fine(10)}, []analysis.OnOff{on(20, 30), on(10, 40)},
			"untold: the fault at 10s was on before it could have recovered, detected 0s, with the fault at 10s"},
		{"two at once", []stretch{fine(10), slow(10), fine(10)}, []analysis.OnOff{on(10, 20), on(10.1, 20)},
			"detected 0s, recovered 0s, from onset 10s, with the fault at 10.1s"},
		{"two at once, and neither is felt", []stretch{fine(30)}, []analysis.OnOff{on(10, 20), on(10, 20)},
			"detected -, recovered 0s, from onset 0s"},
		{"another fault comes later, long after it had gone", []stretch{fine(30), slow(5), fine(5)}, []analysis.OnOff{on(10, 20), on(30, 35)},
			"detected -, recovered 0s, from onset 0s"},
		{"another fault follows and hurts", []stretch{fine(10), slow(20), fine(10)}, []analysis.OnOff{on(10, 20), on(20, 30)},
			"untold: the fault at 20s was on before it could have recovered, detected 0s"},
		{"another fault follows and nobody feels it", []stretch{fine(10), slow(10), fine(20)}, []analysis.OnOff{on(10, 20), on(20, 30)},
			"detected 0s, recovered 0s, from onset 10s"},
		{"another fault hurts after it had recovered", []stretch{fine(10), slow(10), fine(5), slow(5), fine(10)}, []analysis.OnOff{on(10, 20), on(25, 30)},
			"detected 0s, recovered 0s, from onset 10s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			seconds, end := timeline(c.lived...)
			steady := analysis.SteadyState(seconds, 0, *first(c.faults))
			if diff := cmp.Diff(c.want, words(analysis.Recovery(seconds, steady, c.faults, 0, end))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func first(spans []analysis.OnOff) *time.Duration {
	if spans[0].On == nil {
		return at(10)
	}
	earliest := spans[0].On
	for _, o := range spans {
		if o.On != nil && *o.On < *earliest {
			earliest = o.On
		}
	}
	return earliest
}

func TestSteadyState(t *testing.T) {
	second := func(sent, good int64, p99 time.Duration) analysis.Second {
		return analysis.Second{Sent: sent, Good: good, P99: p99, Tail: p99}
	}
	for _, c := range []struct {
		name   string
		lived  []stretch
		p99    time.Duration // the limit
		within []analysis.Second
		out    []analysis.Second
	}{
		{"perfect", []stretch{fine(10)}, 35 * ms,
			[]analysis.Second{second(100, 100, 35*ms), second(100, 99, 20*ms), second(1000, 990, 20*ms)},
			[]analysis.Second{second(100, 100, 36*ms), second(100, 97, 20*ms), second(1000, 989, 20*ms)}},
		{"the worst of ten seconds is left out", []stretch{fine(9), slow(1)}, 35 * ms,
			[]analysis.Second{second(100, 100, 30*ms)}, []analysis.Second{second(100, 100, 500*ms)}},
		{"of fewer than ten none is", []stretch{fine(8), slow(1)}, 755 * ms,
			[]analysis.Second{second(100, 100, 500*ms)}, nil},
		// 1 % fail at 20/s: 3 deviations of 20 requests are 6.7 points, so one failure is chance and two are not.
		{"few requests scatter", []stretch{{50, 20, 20, 20 * ms}, {10, 20, 18, 20 * ms}}, 35 * ms,
			[]analysis.Second{second(20, 19, 20*ms), second(20, 18, 20*ms)}, []analysis.Second{second(20, 17, 20*ms)}},
		{"a steady state that fails often is a wide band", []stretch{failing(10)}, 35 * ms,
			[]analysis.Second{second(100, 26, 20*ms)}, []analysis.Second{second(100, 25, 20*ms)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			seconds, end := timeline(c.lived...)
			s := analysis.SteadyState(seconds, 0, end)
			if !s.Known || s.P99 != c.p99 {
				t.Errorf("known %v, p99 limit %s, want %s", s.Known, s.P99, c.p99)
			}
			for _, w := range c.within {
				if !s.Within(w) {
					t.Errorf("%+v is outside %+v", w, s)
				}
			}
			for _, w := range c.out {
				if s.Within(w) {
					t.Errorf("%+v is within %+v", w, s)
				}
			}
		})
	}
	seconds, _ := timeline(fine(10))
	for before, known := range map[time.Duration]int{10 * time.Second: 10, 2500 * ms: 2, 3 * time.Second: 3, 0: 0} {
		if s := analysis.SteadyState(seconds, 0, before); s.Seconds != known || s.Known != (known >= 3) {
			t.Errorf("before %s: %d seconds, known %v, want %d", before, s.Seconds, s.Known, known)
		}
	}
}

func TestTimeline(t *testing.T) {
	r := record.NewRecorder([]record.Span{{Name: "a", Start: 0, End: 2500 * ms}, {Name: "b", Start: 2500 * ms, End: 4 * time.Second}})
	for i := -10; i < 40; i++ { // 10 a second from -1 s; of each ten the last one fails and takes 100 ms
		s := record.Sample{Load: "users", Request: fmt.Sprint("GET /", i%2), Intended: time.Duration(i) * 100 * ms, Outcome: record.OK}
		s.Sent, s.Done = s.Intended, s.Intended+10*ms
		if i%10 == 9 {
			s.Outcome, s.Error, s.Done = record.Failed, "503", s.Intended+100*ms
		}
		r.Add(s)
	}
	got, err := analysis.Timeline(r.Windows())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 4 {
		t.Fatalf("%d seconds, want the phases' 4: %+v", len(got), got)
	}
	for i, s := range got {
		// One of ten over its fellows is chance: three deviations of ten requests reach down to the quantile 0.896.
		if s.Tail.Round(ms) != 10*ms {
			t.Errorf("second %d: tail %s", i, s.Tail)
		}
		if s.At != time.Duration(i)*time.Second || s.Sent != 10 || s.Good != 9 || s.P99.Round(ms) != 100*ms {
			t.Errorf("second %d: %+v", i, s)
		}
	}
}

// Five of a hundred slow requests are more than chance; four are not.
func TestTailOfASecond(t *testing.T) {
	for slow, want := range map[int]time.Duration{3: 10 * ms, 4: 10 * ms, 5: 300 * ms} {
		r := record.NewRecorder([]record.Span{{Name: "a", Start: 0, End: time.Second}})
		for i := range 100 {
			s := record.Sample{Load: "users", Request: "GET /", Intended: time.Duration(i) * 10 * ms, Outcome: record.OK}
			s.Sent, s.Done = s.Intended, s.Intended+10*ms
			if i < slow {
				s.Done = s.Intended + 300*ms
			}
			r.Add(s)
		}
		got, err := analysis.Timeline(r.Windows())
		if err != nil || len(got) != 1 || got[0].Tail.Round(ms) != want {
			t.Errorf("%d of 100 slow: %+v, %v; want a tail of %s", slow, got, err, want)
		}
	}
}

// A request in flight when a fault begins was sent in a steady second and met the fault: such a second is not
// measured as steady, or the band would be as wide as the fault is large. Three seconds are always kept.
func TestSteadySecondsThatTheFaultTouchedAreLeftOut(t *testing.T) {
	touched := analysis.Second{Sent: 100, Good: 96, P99: 285 * ms, Tail: 285 * ms, Max: 285 * ms}
	for name, c := range map[string]struct {
		fine    int
		max     time.Duration // of the fine seconds
		seconds int
		p99     time.Duration
	}{
		"the last second":                   {7, 30 * ms, 7, 35 * ms},
		"every second that may be touched":  {7, 2500 * ms, 5, 35 * ms},
		"not below what the band must have": {2, 30 * ms, 3, 432500 * time.Microsecond},
	} {
		t.Run(name, func(t *testing.T) {
			seconds, end := timeline(fine(c.fine))
			for i := range seconds {
				seconds[i].Max = c.max
			}
			touched.At = end
			s := analysis.SteadyState(append(seconds, touched), 0, end+time.Second)
			if s.Seconds != c.seconds || s.P99 != c.p99 {
				t.Errorf("%d seconds, p99 limit %s, want %d and %s", s.Seconds, s.P99, c.seconds, c.p99)
			}
		})
	}
}

// A few slow or failed requests a second are too few for a second to tell, and not for the fault's whole time.
func TestFewRequestsOfEachSecondAreFelt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		share    int // one in so many is hit
		fail     bool
		detected bool
	}{
		{"p99 from 5 to 318 ms", 50, false, true},
		{"2.5 % fail", 40, true, true},
		{"1 in 500 is slow", 500, false, false},
		{"nothing", 1 << 30, false, false},
	} {
		r := record.NewRecorder([]record.Span{{Name: "a", Start: 0, End: 60 * time.Second}})
		for i := range 20 * 60 {
			s := record.Sample{Load: "users", Request: "GET /", Intended: time.Duration(i) * 50 * ms, Outcome: record.OK}
			s.Sent, s.Done = s.Intended, s.Intended+5*ms
			if s.Intended >= 20*time.Second && s.Intended < 40*time.Second && i%c.share == 7 {
				if s.Done = s.Intended + 318*ms; c.fail {
					s.Outcome, s.Error, s.Done = record.Failed, "503", s.Intended+ms
				}
			}
			r.Add(s)
		}
		seconds, err := analysis.Timeline(r.Windows())
		if err != nil {
			t.Fatal(err)
		}
		got := analysis.Recovery(seconds, analysis.SteadyState(seconds, 0, 20*time.Second), []analysis.OnOff{on(20, 40)}, 0, 60*time.Second)
		if (got.Detected != nil) != c.detected || got.After == nil || *got.After != 0 {
			t.Errorf("%s: %s", c.name, words(got))
		}
	}
}

// A ramp before the first fault is no steady state: the band is of the last steady stretch.
func TestSteadyStateAfterARamp(t *testing.T) {
	t.Parallel()
	seconds, end := timeline(stretch{10, 10, 10, 20 * ms}, stretch{10, 100, 100, 20 * ms})
	if s := analysis.SteadyState(seconds, 10*time.Second, end); s.Rate != 100 || s.Seconds != 10 {
		t.Errorf("%+v", s)
	}
	s := analysis.SteadyState(seconds, end, end)
	if got := analysis.Recovery(seconds, s, []analysis.OnOff{on(20, 30)}, 0, end); s.Known || !strings.Contains(got.Untold, "the load's last change") {
		t.Errorf("ramping until the fault: %+v, %s", s, got.Untold)
	}
}
