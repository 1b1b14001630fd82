package load_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// orders is a server that keeps what it is sent, unless plan says something else of the nth distinct order (from 0) and its try (from 1).
type orders struct {
	mu    sync.Mutex
	tries map[string]int
	order []string // of first tries
	list  []string // what is there
	keys  map[string]string
	plan  func(n, try int, keep func()) (status int, hang bool)
}

func (o *orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := strings.TrimPrefix(r.URL.Path, "/orders/")
	o.mu.Lock()
	if r.Method == http.MethodGet {
		there := slices.Contains(o.list, id)
		o.mu.Unlock()
		if !there {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"id": %q}`, id)
		return
	}
	o.tries[id]++
	if o.tries[id] == 1 {
		o.order = append(o.order, id)
	}
	o.keys[id] = r.Header.Get("Idempotency-Key")
	body, _ := io.ReadAll(r.Body)
	if len(body) > 0 && string(body) != `{"order": "`+id+`"}` {
		panic("body " + string(body))
	}
	status, hang := o.plan(slices.Index(o.order, id), o.tries[id], func() { o.list = append(o.list, id) })
	o.mu.Unlock()
	if hang {
		<-r.Context().Done()
		return
	}
	w.WriteHeader(status)
}

func driveOrders(t *testing.T, w scenarios.Write, n int, plan func(n, try int, keep func()) (int, bool)) (*orders, []record.Written, driven) {
	t.Helper()
	o := &orders{tries: map[string]int{}, keys: map[string]string{}, plan: plan}
	l := open(10)
	l.Timeout = 2 * time.Second
	l.Requests = []scenarios.Request{{Send: "POST /orders/{write}", Body: `{"order": "{write}"}`, Write: &w}}
	got := virtually(t, []*scenarios.Load{l}, time.Duration(n)*100*time.Millisecond, o, func(d *runner.Drive, _ *pipes) { d.WriteSeed = 7 })
	if got.err != nil {
		t.Fatal(got.err)
	}
	return o, got.recorder.Written("users"), got
}

// What the users of 100 writes know, with planted answers: it is told apart as acknowledged, refused and unknown, and what was there or not
// is counted to the write.
func TestOutcomesOfWrites(t *testing.T) {
	t.Parallel()
	o, written, _ := driveOrders(t, scenarios.Write{}, 100, func(n, _ int, keep func()) (int, bool) {
		switch {
		case n < 10: // acknowledged and lost
			return 201, false
		case n < 15: // kept twice
			keep()
		case n < 22: // done, and never answered
			keep()
			return 0, true
		case n < 25: // not done, and never answered
			return 0, true
		case n < 29:
			return 409, false
		case n < 31: // 500 after it was done
			keep()
			return 500, false
		}
		keep()
		return 201, false
	})
	got := record.Account("users", written, []string{"all"}, &record.Found{IDs: o.list, Ordered: true})
	c := got.Counts
	if c.Intended != 100 || c.Acknowledged != 84 || c.Refused != 4 || c.Unknown != 12 || c.Attempts != 100 ||
		*c.Lost != 10 || *c.Duplicated != 5 || *c.UnknownThere != 9 || *c.RefusedThere != 0 || *got.Unexpected != 0 {
		t.Errorf("%+v", c)
	}
	for id, key := range o.keys {
		if key != id || len(id) != 36 || id[14] != '4' {
			t.Errorf("write %s was sent with the key %q", id, key)
		}
	}
}

// A write that is tried again has one id, so that a server that is not idempotent has it twice, and the outcome is that of all tries.
func TestRetriesOfWrites(t *testing.T) {
	t.Parallel()
	o, written, got := driveOrders(t, scenarios.Write{Retries: 2, Backoff: 50 * time.Millisecond}, 50, func(n, try int, keep func()) (int, bool) {
		switch {
		case n < 10: // done each time, acknowledged at the second try
			keep()
			if try == 1 {
				return 503, false
			}
		case n < 15: // never done
			return 503, false
		case n < 20: // done at first without a word, and refused as a copy after that
			if try > 1 {
				return 409, false
			}
			keep()
			return 500, false
		case n < 25: // wrong: not tried again
			return 400, false
		default:
			keep()
		}
		return 201, false
	})
	account := record.Account("users", written, []string{"all"}, &record.Found{IDs: o.list})
	c := account.Counts
	if c.Intended != 50 || c.Acknowledged != 35 || c.Refused != 5 || c.Unknown != 10 || c.Attempts != 50+10+10+5 ||
		*c.Lost != 0 || *c.Duplicated != 10 || *c.UnknownThere != 5 {
		t.Errorf("%+v", c)
	}
	if len(got.samples) != 50 {
		t.Errorf("%d samples of 50 writes: a retry is no request of its own", len(got.samples))
	}
}

// A user's look at its own write is a request of the load, and shows what is there then.
func TestLooksAtOnesOwnWrites(t *testing.T) {
	t.Parallel()
	for _, contains := range []string{"", `"id": "{write}"`, "something else"} {
		o, written, got := driveOrders(t, scenarios.Write{Read: &scenarios.WriteRead{Send: "GET /orders/{write}", After: 10 * time.Millisecond, Contains: contains}}, 40,
			func(n, _ int, keep func()) (int, bool) {
				if n >= 7 {
					keep()
				}
				return 201, false
			})
		c := record.Account("users", written, []string{"all"}, &record.Found{IDs: o.list}).Counts
		want := int64(7)
		if contains == "something else" {
			want = 40
		}
		if *c.Reads != 40 || *c.StaleReads != want || *c.Lost != 7 || c.Intended != 40 {
			t.Errorf("contains %q: %d looks, %d stale, %d lost of %d", contains, *c.Reads, *c.StaleReads, *c.Lost, c.Intended)
		}
		looks := 0
		for _, s := range got.samples {
			if s.Request == "GET /orders/{write}" {
				looks++
			}
		}
		if looks != 40 {
			t.Errorf("%d samples are looks", looks)
		}
	}
}

// One seed of writes gives the same ids, and another gives others.
func TestIDsOfWritesComeFromTheirSeed(t *testing.T) {
	t.Parallel()
	keep := func(_, _ int, keep func()) (int, bool) { keep(); return 201, false }
	_, first, _ := driveOrders(t, scenarios.Write{IdempotencyKey: "none"}, 5, keep)
	o, again, _ := driveOrders(t, scenarios.Write{IdempotencyKey: "none"}, 5, keep)
	for i := range first {
		if first[i].ID != again[i].ID || o.keys[first[i].ID] != "" {
			t.Errorf("write %d: %s, and then %s with the key %q", i, first[i].ID, again[i].ID, o.keys[again[i].ID])
		}
	}
}
