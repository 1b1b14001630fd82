package docker

import (
	"testing"
	"time"

	"github.com/docker/docker/api/types/events"
)

// The engine stamps what it does to several containers before it tells of it, so that a later event can come first. A start of
// ours that was left out for that stood for the next one of somebody else's.
func TestEventsOutOfOrderAreHeardOnce(t *testing.T) {
	begin := time.Unix(1000, 0)
	h := heard{from: begin, last: begin}
	at := func(id string, after time.Duration) events.Message {
		return events.Message{Action: events.ActionStart, Actor: events.Actor{ID: id}, TimeNano: begin.Add(after).UnixNano()}
	}
	later, earlier := at("leaf-2", time.Second+40), at("leaf-1", time.Second)
	for _, m := range []events.Message{later, earlier} {
		if !h.first(m) {
			t.Errorf("the start of %s was left out", m.Actor.ID)
		}
	}
	if since := h.again(); since.After(time.Unix(0, earlier.TimeNano)) {
		t.Errorf("a stream that broke off is taken up at %v: what comes late of before is lost", since)
	}
	for _, m := range []events.Message{earlier, later} { // as the engine tells them again
		if h.first(m) {
			t.Errorf("the start of %s was heard twice", m.Actor.ID)
		}
	}
	last := at("api-1", time.Minute)
	if !h.first(last) || len(h.recent) != 1 {
		t.Errorf("%d events are kept, want the last one alone", len(h.recent))
	}
	if since := h.again(); since != begin.Add(time.Minute-disorder) {
		t.Errorf("taken up at %v", since)
	}
}
