package record_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
)

// written makes n writes of a load, one after the other, each acknowledged before the next of its key is sent; change may alter a sample.
func written(n, keys int, change func(i int, s *record.Sample)) []record.Written {
	r := record.NewRecorder([]record.Span{{Name: "calm", End: 50 * time.Second}, {Name: "storm", Start: 50 * time.Second, End: 100 * time.Second}})
	for i := range n {
		at := time.Duration(i) * time.Second
		s := record.Sample{
			Load: "shop", Request: "POST /o/{write}", Seq: uint64(i), Intended: at, Sent: at, Done: at + time.Millisecond, Outcome: record.OK, Status: 200,
			Write: &record.SampleWrite{ID: fmt.Sprint("id-", i), Key: fmt.Sprint("key-", i%keys), Outcome: record.Acknowledged, Attempts: 1},
			Wrote: []string{"db/never"}, // it is accounted for by its load
		}
		if change != nil {
			change(i, &s)
		}
		r.Add(s)
	}
	if got := r.Acknowledged(); len(got) != 0 {
		panic(fmt.Sprint("the built-in ledger has ", got))
	}
	return r.Written("shop")
}

func ids(w []record.Written) []string {
	var out []string
	for _, one := range w {
		out = append(out, one.ID)
	}
	return out
}

func n64(n int64) *int64 { return &n }

// What was planted is what is found, to the write: of 100 writes in two phases, so many lost, copied and swapped.
func TestAccountFindsWhatWasPlanted(t *testing.T) {
	w := written(100, 1, func(i int, s *record.Sample) {
		switch i {
		case 10, 11, 12: // refused, of which one is there all the same
			s.Write.Outcome, s.Status, s.Outcome = record.Refused, 409, record.Failed
		case 60, 61: // unknown, of which one is there
			s.Write.Outcome, s.Status, s.Outcome, s.Error = record.Unknown, 0, record.Failed, record.ErrTimeout
			s.Write.Attempts = 3
		}
	})
	found := &record.Found{IDs: ids(w), Ordered: true}
	gone := []string{"id-11", "id-12", "id-60", "id-20", "id-70", "id-71"} // three acknowledged ones
	found.IDs = slices.DeleteFunc(found.IDs, func(id string) bool { return slices.Contains(gone, id) })
	for _, pair := range []int{30, 40, 80} { // each pair of neighbours swapped is one write out of its order
		at := slices.Index(found.IDs, fmt.Sprint("id-", pair))
		found.IDs[at], found.IDs[at+1] = found.IDs[at+1], found.IDs[at]
	}
	found.IDs = append(found.IDs, "id-5", "id-5", "id-90", "strange")
	got := record.Account("shop", w, []string{"calm", "storm"}, found)
	want := record.LoadWrites{
		Load: "shop", Checked: true, Unexpected: n64(1), LostIDs: []string{"id-20", "id-70", "id-71"},
		Counts: record.WriteCounts{Intended: 100, Acknowledged: 95, Refused: 3, Unknown: 2, Attempts: 104,
			Lost: n64(3), Duplicated: n64(3), Reordered: n64(3), UnknownThere: n64(1), RefusedThere: n64(1)},
		Phases: []record.PhaseWrites{
			{Phase: "calm", Counts: record.WriteCounts{Intended: 50, Acknowledged: 47, Refused: 3, Attempts: 50,
				Lost: n64(1), Duplicated: n64(2), Reordered: n64(2), UnknownThere: n64(0), RefusedThere: n64(1)}},
			{Phase: "storm", Counts: record.WriteCounts{Intended: 50, Acknowledged: 48, Unknown: 2, Attempts: 54,
				Lost: n64(2), Duplicated: n64(1), Reordered: n64(1), UnknownThere: n64(1), RefusedThere: n64(0)}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("account (-want +got):\n%s", diff)
	}
	for _, one := range w {
		if one.Lost != slices.Contains([]string{"id-20", "id-70", "id-71"}, one.ID) {
			t.Errorf("%s: lost %v", one.ID, one.Lost)
		}
	}
	all := record.Writes{Checked: true}
	all.Declare(got)
	if all.Acknowledged != 95 || all.Lost != 3 || all.Duplicated != 3 || *all.Reordered != 3 || all.Unknown != 2 || !all.Checked {
		t.Errorf("all writes: %+v", all)
	}
}

// Unknown is never zero: without a read back, an order or a look, nothing is said of what only they can tell.
func TestAccountOfWhatIsNotKnown(t *testing.T) {
	w := written(3, 1, nil)
	got := record.Account("shop", w, nil, nil)
	if got.Checked || got.Counts.Lost != nil || got.Counts.Duplicated != nil || got.Counts.Reads != nil || w[0].Copies != nil || got.Counts.Acknowledged != 3 {
		t.Errorf("without a read back: %+v", got)
	}
	all := record.Writes{Checked: true}
	got.Why = "connection refused"
	all.Declare(got)
	if all.Checked || all.Why != `the writes of load "shop": connection refused` || all.Acknowledged != 3 {
		t.Errorf("all writes: %+v", all)
	}
	got = record.Account("shop", w, nil, &record.Found{IDs: []string{"id-2", "id-1", "id-0"}})
	if got.Counts.Reordered != nil || *got.Counts.Lost != 0 {
		t.Errorf("a list without an order: %+v", got.Counts)
	}
}

// Writes of one key that were under way at once have no order, nor have those of two keys.
func TestWritesUnderWayAtOnceHaveNoOrder(t *testing.T) {
	at := func(key string, sent, done int) func(int, *record.Sample) {
		return func(i int, s *record.Sample) {
			if i == 1 {
				s.Write.Key, s.Sent, s.Done = key, time.Duration(sent)*time.Millisecond, time.Duration(done)*time.Millisecond
			}
		}
	}
	for _, c := range []struct {
		name string
		w    []record.Written
		want int64
	}{
		{"at once", written(2, 1, at("key-0", 0, 2000)), 0},
		{"another key", written(2, 1, at("other", 5000, 6000)), 0},
		{"one after the other", written(2, 1, at("key-0", 5000, 6000)), 1},
	} {
		got := record.Account("shop", c.w, nil, &record.Found{IDs: []string{"id-1", "id-0"}, Ordered: true})
		if *got.Counts.Reordered != c.want {
			t.Errorf("%s: %d reordered, want %d", c.name, *got.Counts.Reordered, c.want)
		}
	}
}

// A look of the write's user is told apart by what it showed.
func TestLooksAtWrites(t *testing.T) {
	r := record.NewRecorder([]record.Span{{Name: "all", End: time.Minute}})
	add := func(seq uint64, w record.SampleWrite) {
		r.Add(record.Sample{Load: "shop", Request: "r", Seq: seq, Outcome: record.OK, Write: &w})
	}
	for i, read := range []string{record.ReadShown, record.ReadStale, record.ReadStale, record.ReadUnknown, ""} {
		id := fmt.Sprint(i)
		add(uint64(2*i), record.SampleWrite{ID: id, Outcome: record.Acknowledged, Attempts: 1})
		if read != "" {
			add(uint64(2*i+1), record.SampleWrite{ID: id, Read: read, Attempts: 1})
		}
	}
	got := record.Account("shop", r.Written("shop"), []string{"all"}, nil)
	if *got.Counts.Reads != 3 || *got.Counts.StaleReads != 2 || got.Counts.Intended != 5 || *got.Phases[0].Counts.StaleReads != 2 {
		t.Errorf("counts %+v", got.Counts)
	}
}
