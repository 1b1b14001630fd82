package record

import (
	"maps"
	"slices"
)

// ReconcileEvents adds to w what became of the events of rows: rows and pending are, by id, what the databases and
// their outboxes hold, queued what the queues have accepted, by queue; queueOf names the queue of a row's event, "" for
// a row without one. They must have been read in this order: what leaves an outbox is in its queue.
func (w *Writes) ReconcileEvents(rows, pending map[string]int, queued map[string]map[string]int, queueOf func(id string) string) {
	for _, id := range slices.Sorted(maps.Keys(rows)) { // so that the sample is the same again
		queue := queueOf(id)
		if queue == "" {
			continue
		}
		w.Events++
		switch n := queued[queue][id]; {
		case n > 0:
			w.EventsDuplicated += int64(n - 1)
		case pending[id] > 0:
			w.EventsPending++
		default:
			w.EventsLost++
			if len(w.Sample) < lostSample {
				w.Sample = append(w.Sample, queue+"/"+id)
			}
		}
	}
}
