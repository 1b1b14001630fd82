// Package chronicle keeps what happened in a run: in the order in which it is told, and on disk as it happens.
package chronicle

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/squallhq/squall/runner/record"
)

// Chronicle is a run's events. Its methods are safe for concurrent use; its zero value keeps them, and writes nothing down.
type Chronicle struct {
	lines sync.Mutex // held by who writes an event down
	out   io.Writer

	mu     sync.Mutex
	events []event
	places int // that were given
}

// First is the place of what is told by one, in the order in which it happens; those that are given come after it.
const First = 0

// event is one that happened, with its place among those of its moment and kind.
type event struct {
	record.Event
	place int
}

// New is a chronicle that writes a line of JSON to out for each event as it happens; nil: it writes none.
func New(out io.Writer) *Chronicle { return &Chronicle{out: out} }

// Place gives the next one, to who is asked for something whose end several tell in any order.
func (c *Chronicle) Place() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.places++
	return c.places
}

// Happened keeps an event, and writes it down. Its place is the one among events of one moment and kind that several tell, which come
// in any order: those of a smaller one are told first, of the same one as they came.
func (c *Chronicle) Happened(e record.Event, place int) {
	c.Learned(e, place)
	c.Write(e)
}

// Learned keeps an event of which its run has heard afterwards: it is written down by nobody.
func (c *Chronicle) Learned(e record.Event, place int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, event{e, place})
}

// Write writes an event down without keeping it.
func (c *Chronicle) Write(e record.Event) {
	if c.out == nil {
		return
	}
	if line, err := json.Marshal(e); err == nil {
		c.lines.Lock()
		defer c.lines.Unlock()
		_, _ = c.out.Write(append(line, '\n')) // the result has it too, where there will be one
	}
}

// kinds is how events of one moment are told, after all others: what ends comes before what begins.
var kinds = []string{ended, "undo", "phase", "fault"}

// ended is the kind of what has become of a node by itself. Those of one moment have no order but that of their words.
const ended = "node"

// Told are the events so far, and others that are told beside them, in order.
func (c *Chronicle) Told(others ...record.Event) []record.Event {
	c.mu.Lock()
	all := slices.Clone(c.events)
	c.mu.Unlock()
	for _, e := range others {
		all = append(all, event{Event: e})
	}
	slices.SortStableFunc(all, func(a, b event) int {
		order := cmp.Or(cmp.Compare(a.AtS, b.AtS), cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(a.place, b.place))
		if order == 0 && a.Kind == ended {
			return strings.Compare(a.Text, b.Text)
		}
		return order
	})
	out := make([]record.Event, len(all))
	for n, e := range all {
		out[n] = e.Event
	}
	return out
}
