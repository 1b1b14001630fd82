package record

import (
	"testing"
	"time"
)

// What a fault touched counts to the fault's phase; everything else counts where it was intended.
func TestPhaseOfRequestsAtTheEdgesOfAFault(t *testing.T) {
	const ms, second = time.Millisecond, time.Second
	faulty := []Span{
		{Name: "steady", End: 10 * second},
		{Name: "hurt", Start: 10 * second, End: 20 * second, FaultAtStart: true, FaultAtEnd: true},
		{Name: "recovery", Start: 20 * second, End: 30 * second},
	}
	calm := []Span{{Name: "steady", End: 10 * second}, {Name: "hurt", Start: 10 * second, End: 20 * second}, {Name: "recovery", Start: 20 * second, End: 30 * second}}
	for _, c := range []struct {
		name           string
		spans          []Span
		intended, done time.Duration
		unsent         bool
		want           string
	}{
		{"answered before the fault", faulty, 9990 * ms, 9999 * ms, false, "steady"},
		{"in flight when the fault came on", faulty, 9990 * ms, 10500 * ms, false, "hurt"},
		{"never sent", faulty, 9990 * ms, 0, true, "steady"},
		{"in flight at the turn of quiet phases", calm, 9990 * ms, 10500 * ms, false, "steady"},
		{"answered after the fault was gone", faulty, 19 * second, 25 * second, false, "hurt"},
		{"intended while the fault was lifted", faulty, 20003 * ms, 20004 * ms, false, "hurt"},
		{"intended after that", faulty, 20050 * ms, 20060 * ms, false, "recovery"},
		{"intended at the turn of quiet phases", calm, 20003 * ms, 20004 * ms, false, "recovery"},
		{"the warm-up's", faulty, -5 * ms, 100 * ms, false, ""},
	} {
		r := NewRecorder(c.spans)
		r.Add(Sample{Load: "u", Request: "GET /", Intended: c.intended, Sent: c.intended, Done: c.done, Unsent: c.unsent, Outcome: Failed, Error: ErrTimeout})
		if got := r.Windows()[0].Phase; got != c.want {
			t.Errorf("%s: counted to %q, want %q", c.name, got, c.want)
		}
	}
}
