package mesh

import (
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/port"
	"github.com/squallhq/squall/internal/passage"
)

func TestBytesPassBothWays(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	w.pass(caller, callee, "question")
	w.pass(callee, caller, "answer")
}

func TestHalfClosePasses(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	w.write(caller, "all of it")
	if err := caller.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(callee)
	if err != nil || string(got) != "all of it" {
		t.Fatalf("the callee read %q, %v", got, err)
	}
	w.pass(callee, caller, "answer after the end of the question")
	callee.Close()
	if _, err := caller.Read(make([]byte, 1)); err != io.EOF {
		t.Fatalf("the caller read %v, want EOF", err)
	}
	w.eventually("the connection is gone", func() bool { return w.stats().Open == 0 })
}

func TestCountersAreExactWhileOpen(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	for range 3 {
		w.pass(caller, callee, "ask")
		w.pass(caller, callee, " more")
		w.pass(callee, caller, "answers")
	}
	w.eventually("the last bytes are counted", func() bool { return w.stats().BytesDown == 21 && w.stats().BytesUp == 24 })
	got := w.stats()
	if got.FirstByteTotal <= 0 {
		t.Errorf("time to first byte is %s", got.FirstByteTotal)
	}
	if a := got.Awaiting; a.In != 3 || a.Out != 3 || a.Inside != 0 || a.Took != got.FirstByteTotal || a.Area != a.Took {
		t.Errorf("requests as they came and were answered, within %s: %+v", got.FirstByteTotal, a)
	}
	var total time.Duration
	for took, n := range got.Answers.Stays() {
		total += took * time.Duration(n)
	}
	if off := total - got.FirstByteTotal; off.Abs() > got.FirstByteTotal/250+2*time.Microsecond { // half a bucket or half a us each
		t.Errorf("answers took %s in all, by their spread %s", got.FirstByteTotal, total)
	}
	got.FirstByteTotal, got.Answers, got.Awaiting = 0, "", passage.Reading{}
	want := EdgeStats{Name: "a:b", Connections: 1, Open: 1, Requests: 3, BytesUp: 24, BytesDown: 21, FirstBytes: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

// A request whose connection ends before an answer begins is counted as one without, and waits no longer.
func TestUnansweredRequests(t *testing.T) {
	w := newWorld(t, nil)
	caller, callee := w.pair()
	w.pass(caller, callee, "ask")
	w.pass(callee, caller, "answer")
	w.pass(caller, callee, "ask again")
	if got := w.stats(); got.Awaiting.Inside != 1 || got.Unanswered != 0 || got.Awaiting.Ages <= 0 {
		t.Errorf("under way: %+v", got)
	}
	caller.Close()
	callee.Close()
	w.eventually("the connection is gone", func() bool { return w.stats().Open == 0 })
	got := w.stats()
	if a := got.Awaiting; got.Requests != 2 || got.FirstBytes != 1 || got.Unanswered != 1 || a.Out != 2 || a.Inside != 0 || a.Area != a.Took || a.Took <= got.FirstByteTotal {
		t.Errorf("at the end: %+v", got)
	}
}

// TestResetArrivesBehindWhatWasSentBefore: a side that did not read finds the reset once it does.
func TestResetArrivesBehindWhatWasSentBefore(t *testing.T) {
	for _, stream := range []string{faults.Upstream, faults.Downstream} {
		t.Run(stream, func(t *testing.T) {
			w := newWorld(t, nil)
			caller, callee := w.pair()
			from, to := ends(stream, caller, callee)
			filled := make(chan struct{})
			go func() {
				defer close(filled)
				flood(from)
			}()
			last := int64(-1)
			w.eventually("everything between is full", func() bool {
				s := w.stats()
				now := s.BytesUp + s.BytesDown
				full := now == last && now > 0
				last = now
				time.Sleep(20 * time.Millisecond)
				return full
			})
			port.NoLinger(from)
			from.Close()
			<-filled
			if _, err := io.Copy(io.Discard, to); sight(err) != sawReset {
				t.Errorf("read %v, want a reset", err)
			}
			w.eventually("the connection is gone", func() bool { return w.stats().Open == 0 })
		})
	}
}
