package runner

import (
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/course"
)

// What takes longer to put on than it was to last is taken off in time when that is at once; what is left on is not.
func TestTimingOfWhatTakesLongToPutOn(t *testing.T) {
	ms := func(n int) *time.Duration {
		d := time.Duration(n) * time.Millisecond
		return &d
	}
	for _, c := range []struct {
		name             string
		on, applied, off *time.Duration
		want             bool
	}{
		{"at once", ms(1000), ms(1001), ms(1100), true},
		{"a promotion of 2 s", ms(1000), ms(3000), ms(3001), true},
		{"left on after it", ms(1000), ms(3000), ms(3300), false},
		{"left on", ms(1000), ms(1001), ms(1400), false},
		{"begun late", ms(1300), ms(1301), ms(1302), false},
	} {
		i := &injection{startedOn: c.on, applied: c.applied, startedOff: c.off}
		i.fault.Fault.Kind, i.fault.Start, i.fault.End = faults.Promote{}, time.Second, 1100*time.Millisecond
		if got := i.latenessCheck(course.New([]course.Phase{{End: time.Hour}}).Way()); got.OK != c.want {
			t.Errorf("%s: %v, %s", c.name, got.OK, got.Text)
		}
	}
}

// What is done to edges alone is done within seconds, or what is measured is not what the plan says; what is done to instances takes as long as it takes.
func TestTimingOfWhatTakesTheMeshesLong(t *testing.T) {
	seconds := func(n float64) *time.Duration {
		d := time.Duration(n * float64(time.Second))
		return &d
	}
	edge, instance := faults.Primitive{Op: faults.OpOutage, Edge: "a:b"}, faults.Primitive{Op: faults.OpKill, Instance: "b"}
	for _, c := range []struct {
		name                 string
		primitives           []faults.Primitive
		applied, off, undone *time.Duration
		want                 bool
	}{
		{"edges", []faults.Primitive{edge}, seconds(1.1), seconds(7), seconds(7.1), true},
		{"edges, on after 13 s", []faults.Primitive{edge, edge}, seconds(14), seconds(14), seconds(14.1), false},
		{"edges, off after 12 s", []faults.Primitive{edge}, seconds(1.1), seconds(7), seconds(19), false},
		{"edges, never off", []faults.Primitive{edge}, seconds(1.1), seconds(7), nil, true}, // another check says that
		{"an instance too", []faults.Primitive{edge, instance}, seconds(1.1), seconds(7), seconds(19), true},
	} {
		i := &injection{startedOn: seconds(1), applied: c.applied, startedOff: c.off, undone: c.undone}
		i.fault.Fault.Kind, i.fault.Primitives, i.fault.Start, i.fault.End = faults.Refuse{}, c.primitives, time.Second, 7*time.Second
		if got := i.latenessCheck(course.New([]course.Phase{{End: time.Hour}}).Way()); got.OK != c.want || !c.want && !strings.Contains(got.Text, "the meshes 1") {
			t.Errorf("%s: %v, %s", c.name, got.OK, got.Text)
		}
	}
}
