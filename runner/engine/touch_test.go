package engine

import (
	"testing"
	"time"

	"github.com/squallhq/squall/faults/mesh"
)

// A container engine may be asked how an instance ended while it starts it again, and answer after it has told of the start: what
// counts is when each happened, not when it was told.
func TestAnEndToldAfterTheNextStartIsTakenBackByIt(t *testing.T) {
	at := func(ms int) time.Time { return time.UnixMilli(int64(ms)) }
	const door, term = "container engine", "SIGTERM"
	touches := new(system).pairNotices([]seen{
		{Notice: Notice{On: "api-1", At: at(0), Door: door, What: term}},
		{Notice: Notice{On: "api-1", At: at(500), Door: door, What: "started", Now: Running}},
		{Notice: Notice{On: "api-1", At: at(40), Door: door, What: term, Now: Ended}},
	}, nil)
	if len(touches) != 1 || touches[0].What != term || !touches[0].At.Equal(at(0)) || !touches[0].Undone.Equal(at(500)) {
		t.Errorf("a restart is told as %+v, want one SIGTERM that is taken back at 500 ms", touches)
	}
}

// What was not taken back was so until the end, where it could have been; what is over as soon as it is done was not.
func TestWhatStays(t *testing.T) {
	ended := func(name string) Notice { return Notice{On: name, What: "SIGKILL", Now: Ended} }
	notices := new(system).pairNotices([]seen{
		{Notice: ended("api-1")}, {Notice: ended("api-2")}, {Notice: Notice{On: "api-2", Now: Running}}, {Notice: Notice{On: "api-3", What: "SIGHUP"}},
	}, nil)
	for i, want := range []bool{true, false, false} {
		if notices[i].Stays != want {
			t.Errorf("%s: %s stays: %v", notices[i].On, notices[i].What, !want)
		}
	}
	changes := new(system).pairChanges([]mesh.Change{
		{Kind: mesh.ToxicAdded, Edge: "a:b", Toxic: "mine"}, {Kind: mesh.Disabled, Edge: "a:c"}, {Kind: mesh.Enabled, Edge: "a:c"}, {Kind: mesh.WasReset},
		{Kind: mesh.ToxicAdded, Edge: "a:d", Toxic: "mine"}, {Kind: mesh.ToxicChanged, Edge: "a:d", Toxic: "mine"}, {Kind: mesh.ToxicRemoved, Edge: "a:d", Toxic: "mine"},
	})
	for i, want := range []bool{true, false, false, false, false} {
		if changes[i].Stays != want {
			t.Errorf("change %d stays: %v", i, !want)
		}
	}
}
