package node_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/scenarios"
)

// A replay delivers what is kept to one subscriber once more, a key's messages in order, at its rate, and beside what is new.
func TestReplay(t *testing.T) {
	inWorld(t, func(w *world) {
		a, b := w.takes("a", 0, nil), w.takes("b", 0, nil)
		n := streamNode(2, "a", "b")
		n.Retain = time.Minute
		w.start(n, "a", "b")
		keys := keysOfPartitions(w, 2)
		for m := range 20 {
			w.publish(fmt.Sprint(m), keys[m%2])
		}
		time.Sleep(time.Second)
		began := time.Now()
		w.asks("q", `[{"replay":{"subscriber":"a","rate":10}}]`)
		w.asks("q", `[{"replay":{"subscriber":"a","rate":10}}]`) // the same one still
		time.Sleep(950 * ms)
		w.counters("q", map[string]float64{"squall_replayed_total": 10, `squall_subscriber_replayed_total{subscriber="a"}`: 10})
		w.publish("new", keys[0])
		if late := a.late("new", began.Sub(a.began)+950*ms); late > ms {
			t.Errorf("a new message was %s late", late)
		}
		time.Sleep(5 * time.Second)
		w.asks("q", `[]`)
		w.counters("q", map[string]float64{"squall_replayed_total": 20, "squall_delivered_total": 42, "squall_backlog": 0})
		var want []string
		for m := 0; m < 20; m += 2 {
			want = append(want, fmt.Sprint(m))
		}
		if diff := cmp.Diff(want, a.of(keys[0])[:10]); diff != "" {
			t.Errorf("the first time (-want +got):\n%s", diff)
		}
		again := a.of(keys[0])[10:]
		again = append(again[:5:5], again[6:]...) // less the new one, which came in between
		if diff := cmp.Diff(want, again); diff != "" {
			t.Errorf("the second time (-want +got):\n%s", diff)
		}
		if got := len(b.all()); got != 21 {
			t.Errorf("the other subscriber took %d, want 21", got)
		}
	})
}

// late is how long after the given time a message was taken.
func (r *taker) late(id string, after time.Duration) time.Duration {
	time.Sleep(ms / 2)
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at[id] - after
}

// A replay that is taken back ends; without a rate it goes as fast as the subscriber takes it; what is older than retain is gone.
func TestReplayEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		w.takes("a", 10*ms, nil)
		n := streamNode(1, "a")
		n.Retain = 10 * time.Second
		n.Subscribers[0].TTL = time.Second // is of what is new
		w.start(n, "a")
		for m := range 50 {
			w.publish(fmt.Sprint("old", m), "k")
			time.Sleep(20 * ms)
		}
		time.Sleep(8 * time.Second)
		for m := range 50 {
			w.publish(fmt.Sprint(m), "k")
			time.Sleep(20 * ms)
		}
		w.asks("q", `[{"replay":{"subscriber":"a"}}]`) // the first half of the old ones is 9 to 10 s old
		time.Sleep(205 * ms)
		w.asks("q", `[]`)
		time.Sleep(time.Second)
		w.counters("q", map[string]float64{"squall_replayed_total": 20})
		time.Sleep(3 * time.Second)
		w.asks("q", `[{"replay":{"subscriber":"a"}}]`)
		time.Sleep(10 * time.Second)
		w.counters("q", map[string]float64{"squall_replayed_total": 70}) // the old ones are gone
		w.asks("q", `[{"replay":{"subscriber":"nobody"}}]`)
	})
}

// A consumer whose writes carry a key has one effect of a message, however often it is replayed.
func TestReplayHasNoSecondEffect(t *testing.T) {
	for _, once := range []bool{true, false} {
		t.Run(fmt.Sprint(once), func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start(scenarios.Node{Name: "db", Kind: scenarios.KindDatabase})
				w.start(service("a", "POST /{id}", scenarios.Step{Write: "db", Idempotent: once}), "db=database")
				n := streamNode(3, "a")
				n.Retain = time.Minute
				w.start(n, "a")
				for m := range 10 {
					w.publish(fmt.Sprint(m), fmt.Sprint(m))
				}
				time.Sleep(time.Second)
				w.asks("q", `[{"replay":{"subscriber":"a"}}]`)
				time.Sleep(time.Second)
				want := 2
				if once {
					want = 1
				}
				got := w.writes("db")
				for id, n := range got {
					if n != want {
						t.Errorf("%s is there %d times, want %d", id, n, want)
					}
				}
				if len(got) != 10 {
					t.Errorf("%d effects, want 10", len(got))
				}
			})
		})
	}
}
