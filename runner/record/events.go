package record

import (
	"maps"
	"slices"
)

// Trip is a condition of abort_when or pause_when that was met.
type Trip struct {
	// AtS is when, from the start of the first phase.
	AtS float64 `json:"at_s" since:"2026-11-30"`
	// Does is what it did: abort ended the run, pause held its phase.
	Does string `json:"does" since:"2026-11-30"`
	// Text is the condition in words.
	Text string `json:"text" since:"2026-11-30"`
	// Measured is what the last second of it came to, in words.
	Measured string `json:"measured" since:"2026-11-30"`
	// Line of the scenario file.
	Line int `json:"line,omitempty" since:"2026-11-30"`
	// Column in that line.
	Column int `json:"column,omitempty" since:"2026-11-30"`
}

// What a trip does.
const (
	TripAborts = "abort"
	TripPauses = "pause"
)

// Aborted is the trip that ended a run, nil where none did.
func (r *Result) Aborted() *Trip {
	for i := range r.Trips {
		if r.Trips[i].Does == TripAborts {
			return &r.Trips[i]
		}
	}
	return nil
}

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
