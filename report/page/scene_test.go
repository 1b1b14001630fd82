package page

import "testing"

// What a fault cut while it was not on yet is the fault's: the time before it lost nothing, in its scene and in the matrix.
func TestWhatWasCutIsTheFaults(t *testing.T) {
	r := run{seconds: 30, kinds: 1, nodes: 2, replicas: 1, rate: 10}.result(t)
	r.Phases[0].Requests[0].Cut, r.Phases[0].Requests[0].Rate = 5, 10.5
	r.Windows[9].Cut = 5
	line, err := newTimeline(r)
	if err != nil {
		t.Fatal(err)
	}
	spans := spansOf(r, line.end)
	scenes, worst := scenesOf(r, line, spans)
	if lost := scenes[1].lost(); lost != 0 || scenes[worst].name != "fault" {
		t.Errorf("%s lost %v, and the worst scene is %s", scenes[1].name, lost, scenes[worst].name)
	}
	b := newBlast(r, line, spans)
	if f := b.before[0]; f.failed+f.cut != 0 || f.ok != 100 {
		t.Errorf("before the fault %+v, want 100 ok", f)
	}
	if f := b.during[0][0]; f.failed != 50 || f.ok != 50 {
		t.Errorf("in the fault %+v, want 50 of 100 failed", f)
	}
	if spans[0].byHand || !spans[1].byHand || !spans[1].unfinished {
		t.Errorf("spans %+v", spans)
	}
}
