package engine

import (
	"testing"
	"time"
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
