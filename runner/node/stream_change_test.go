package node_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// A stream takes up how it delivers while it runs; its partitions and who subscribes stay.
func TestStreamChanges(t *testing.T) {
	inWorld(t, func(w *world) {
		a := w.takes("a", 0, func(_, id string) int {
			if id == "poison" {
				return 500
			}
			return 0
		})
		w.start(streamNode(1, "a"), "a")
		w.publish("poison", "k")
		w.publish("good", "k")
		time.Sleep(time.Minute)
		if got := a.all(); len(got) != 0 {
			t.Errorf("took %v from behind a poison", got)
		}
		n := streamNode(1, "a")
		n.Subscribers[0].Redelivery = scenarios.Redelivery{Redeliver: 1}
		w.configure(n)
		time.Sleep(5 * time.Second)
		if got := a.all(); len(got) != 1 {
			t.Errorf("took %v, want what was behind the poison", got)
		}
		w.counters("q", map[string]float64{"squall_dead_total": 1, "squall_backlog": 0})
		for _, other := range []scenarios.Node{streamNode(2, "a"), streamNode(1, "b"), streamNode(1, "a", "b")} {
			if got := configure(t, w.client, "q:81", other); got != http.StatusUnprocessableEntity {
				t.Errorf("it took up others: %d", got)
			}
		}
	})
}
