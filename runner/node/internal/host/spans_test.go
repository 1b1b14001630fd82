package host

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

func named(instance string) *Instance {
	return NewInstance(Config{Instance: instance, Seed: 7, Node: scenarios.Node{Name: instance}}, Environment{})
}

// A caller's attempt, the callee's request and the statement that names its cause are one trace, each behind the other.
func TestSpansOfOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, db := named("api-1"), named("db-1")
		c := api.receive(api.TraceOf(http.Header{wire.HeaderRequest: {"users-3"}}), "GET", "/a", time.Now())
		time.Sleep(time.Millisecond)
		attempt := api.Attempts(c.Step("0").Attempt(2), "db-1", 2, time.Now())
		time.Sleep(time.Millisecond)
		api.Starts(attempt)
		statement := db.Statement(attempt.Text(), "read")
		time.Sleep(3 * time.Millisecond)
		db.Ends(statement, SpanOK, 0, nil)
		api.Ends(attempt, SpanFailed, 0, errors.New("no answer"))
		api.Ends(attempt, SpanOK, 0, nil) // it has ended
		high, _ := chance.Trace(7, "users-3")
		told := append(api.Spans([]uint64{high, 1}).Spans, db.Spans([]uint64{high}).Spans...)
		if len(told) != 3 {
			t.Fatalf("%d spans: %+v", len(told), told)
		}
		server, made, read := told[0], told[1], told[2]
		at := server.Began
		want := []wire.Span{
			{Trace: high, ID: server.ID, Kind: wire.SpanServer, What: "GET /a", Began: at, Started: at},
			{Trace: high, ID: made.ID, Parent: server.ID, Kind: wire.SpanAttempt, To: "db-1", Number: 2, Class: wire.SpanFailed, Why: "no answer",
				Began: at + 1e6, Started: at + 2e6, Ended: at + 5e6},
			{Trace: high, ID: read.ID, Parent: made.ID, Kind: wire.SpanServer, What: "read", Class: wire.SpanOK, Began: at + 2e6, Started: at + 2e6, Ended: at + 5e6},
		}
		for n := range want {
			if told[n] != want[n] {
				t.Errorf("span %d is %+v, want %+v", n, told[n], want[n])
			}
		}
		h := http.Header{}
		attempt.Put(h, 2)
		if got, ok := wire.ParseTraceparent(h.Get(wire.HeaderTraceparent)); !ok || got.High != high || got.Span != made.ID {
			t.Errorf("the attempt says %q", h)
		}
	})
}

// However many requests there are, an instance remembers so many, the latest; those that have not ended it keeps.
func TestSpansAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := named("api-1")
		began := time.Now().UnixNano()
		open := i.Attempts(Trace{Request: "users-open"}, "b-1", 1, time.Now())
		for range 3 * mostSpans {
			time.Sleep(10 * time.Microsecond)
			i.Ends(i.Attempts(Trace{Request: "users-1"}, "b-1", 1, time.Now()), SpanOK, 0, nil)
		}
		if got := i.spans.slots; got != mostSpans+1 {
			t.Errorf("it has %d slots", got)
		}
		told := i.Spans([]uint64{open.at.High})
		if len(told.Spans) != 1 || told.Spans[0].Ended != 0 || told.Dropped != 0 {
			t.Errorf("of the one that goes on it tells %+v", told)
		}
		// All but the one that goes on are of the last of those that have ended.
		if want := began + int64((3*mostSpans-(mostSpans-1))*10*time.Microsecond); told.Since != want {
			t.Errorf("it remembers since %v, want %v", time.Duration(told.Since-began), time.Duration(want-began))
		}
		one, _ := chance.Trace(7, "users-1")
		if got := len(i.Spans([]uint64{one}).Spans); got != mostSpansTold {
			t.Errorf("it tells %d spans of one trace", got)
		}
		for range mostSpans {
			i.Attempts(Trace{Request: "users-2"}, "b-1", 1, time.Now())
		}
		if got := i.Spans(nil).Dropped; got != 1 {
			t.Errorf("%d had no room, where all but one that ended made room", got)
		}
	})
}

// A quiet instance makes room for new ones by what is old, and stays small.
func TestSpansOfAQuietInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := named("api-1")
		for range 1000 {
			time.Sleep(time.Second)
			i.Ends(i.Attempts(Trace{Request: "users-1"}, "b-1", 1, time.Now()), SpanOK, 0, nil)
		}
		if want := uint32(spansKept/time.Second) + 2; i.spans.slots != want {
			t.Errorf("it has %d slots, want %d", i.spans.slots, want)
		}
	})
}
