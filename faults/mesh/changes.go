package mesh

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/link"
)

// APIDoor is the door of changes that came through toxiproxy's HTTP API.
const APIDoor = "toxiproxy's API"

// Change is something that was done to a mesh by hand, beside what Apply and Lift do.
type Change struct {
	// Number counts a mesh's changes from 1.
	Number int64     `json:"number"`
	At     time.Time `json:"at"`
	// Door that it came through, as in APIDoor.
	Door string     `json:"door"`
	Kind ChangeKind `json:"kind"`
	// Edge that it was done to; empty: to all.
	Edge string `json:"edge,omitempty"`
	// Toxic is the toxic's name, Injection the id under which Apply had put it on; empty: somebody put it on by hand.
	Toxic     string `json:"toxic,omitempty"`
	Injection string `json:"injection,omitempty"`
	// What was done, in words.
	What string `json:"what"`
	// Words are a scenario's for it up to the edge, whose name follows: "latency: 300ms, on", "refuse"; empty: the language has none, or it puts
	// nothing on.
	Words string `json:"words,omitempty"`
	// Receipt is what has met the toxic, or the edge while it was disabled, up to the moment in which this is read; nil
	// where the change is about neither.
	Receipt *faults.Receipt `json:"receipt,omitempty"`
}

// ChangeKind is the sort of a change.
type ChangeKind string

// The sorts of changes.
const (
	ToxicAdded   ChangeKind = "toxic added"
	ToxicChanged ChangeKind = "toxic changed"
	ToxicRemoved ChangeKind = "toxic removed"
	Disabled     ChangeKind = "disabled"
	Enabled      ChangeKind = "enabled"
	Moved        ChangeKind = "moved"   // it listens or leads elsewhere
	Created      ChangeKind = "created" // an edge that no plan has
	Deleted      ChangeKind = "deleted" // such an edge
	WasReset     ChangeKind = "reset"   // of all edges: what that took off follows as changes of their own
)

// journal keeps a mesh's changes. Its mutex may be taken under an edge's.
type journal struct {
	mu      sync.Mutex
	entries []entry
	count   int64
	more    chan struct{} // closed when there is another one
}

// entry is a change and what counts its receipt.
type entry struct {
	Change
	meter *link.Meter
}

// mostChanges bounds a journal: the oldest go first.
const mostChanges = 10_000

// note adds a change.
func (j *journal) note(c Change, meter *link.Meter) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.count++
	c.Number, c.At, c.Door = j.count, time.Now(), APIDoor
	j.entries = append(j.entries, entry{c, meter})
	if len(j.entries) > mostChanges {
		j.entries = j.entries[1:]
	}
	if j.more != nil {
		close(j.more)
		j.more = nil
	}
}

// after are the changes after a number, with their receipts as they are now, and what is closed when there is another one.
func (j *journal) after(number int64) ([]Change, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []Change
	for _, e := range j.entries {
		if e.Number <= number {
			continue
		}
		if e.meter != nil {
			r := e.meter.Receipt()
			e.Receipt = &r
		}
		out = append(out, e.Change)
	}
	if j.more == nil {
		j.more = make(chan struct{})
	}
	return out, j.more
}

// Changes waits until there are changes after a number (0: any), and returns them with their receipts as they are now.
// It ends with the context's error, or with ErrClosed when the mesh is closed and has no more.
func (m *Mesh) Changes(ctx context.Context, after int64) ([]Change, error) {
	for {
		changes, more := m.journal.after(after)
		if len(changes) > 0 {
			return changes, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-m.done:
			return nil, ErrClosed
		}
	}
}

// noteToxic notes what was done to a toxic.
func (e *edge) noteToxic(kind ChangeKind, t *link.Toxic) {
	c := Change{Kind: kind, Edge: e.name, Toxic: t.Spec.Name, Injection: t.Owner}
	c.What = fmt.Sprintf("%s: %s, %s", kind, t.Spec.Name, &t.Spec)
	if kind != ToxicRemoved && c.Injection == "" {
		c.Words = t.Spec.Words()
	}
	e.mesh.journal.note(c, t.Meter)
}
