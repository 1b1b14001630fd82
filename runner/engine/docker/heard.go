package docker

import (
	"maps"
	"time"

	"github.com/docker/docker/api/types/events"
)

// disorder bounds how far events may be out of the order of their times: the engine stamps them before it tells them, and what it
// does at one moment to several containers it tells as it comes.
const disorder = 5 * time.Second

// heard are the events that have been handled, so that a stream that breaks off is taken up where it ended: none is handled twice, and
// none is left out for coming after a later one.
type heard struct {
	// from is the present when listening began, last the time of the latest event.
	from, last time.Time
	recent     map[event]bool
}

type event struct {
	action   events.Action
	id       string
	of       string // the container, where the event is a network's
	nanotime int64
}

// again is from when on to ask for events anew.
func (h *heard) again() time.Time {
	if since := h.last.Add(-disorder); since.After(h.from) {
		return since
	}
	return h.from
}

// first notes an event, and tells whether it has not been heard before.
func (h *heard) first(m events.Message) bool {
	e := event{m.Action, m.Actor.ID, m.Actor.Attributes["container"], m.TimeNano}
	if h.recent[e] {
		return false
	}
	if h.recent == nil {
		h.recent = map[event]bool{}
	}
	h.recent[e] = true
	if at := time.Unix(0, m.TimeNano); at.After(h.last) {
		h.last = at
		before := h.again().UnixNano()
		maps.DeleteFunc(h.recent, func(e event, _ bool) bool { return e.nanotime < before })
	}
	return true
}
