package engine

import (
	"context"
	"errors"
	"testing"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios/topology"
)

// unfillable is a process whose disks can't be filled.
type unfillable struct {
	Process
	Disks
}

var errNoFile = errors.New("no file can be made that fills it")

func (unfillable) Fill(context.Context, string, int64) (int64, Space, error) {
	return 0, Space{}, errNoFile
}

func (unfillable) Empty(context.Context, string) (Space, error) { return Space{}, nil }

// A disk that could not be filled is not full, as it is where another fault has filled one: who ends by itself later has not ended of that.
func TestADiskThatCouldNotBeFilledIsNotFull(t *testing.T) {
	for _, other := range []bool{true, false} {
		i := &instance{plan: topology.Instance{Name: "db-1"}, process: unfillable{}}
		i.wishes.add("one", []faults.Primitive{{Op: faults.OpFill, Instance: "db-1", Disk: &faults.Disk{Volume: "data"}}})
		if other {
			i.wishes.add("other", []faults.Primitive{{Op: faults.OpFill, Instance: "db-1", Disk: &faults.Disk{Volume: "log", Leave: 1}}})
			i.full = map[string]*filled{"log": {left: 1}}
		}
		if err := i.fill(t.Context()); !errors.Is(err, errNoFile) {
			t.Fatalf("fill: %v", err)
		}
		if i.filling.on != other {
			t.Errorf("another volume is full: %v; its disk counts as filled: %v", other, i.filling.on)
		}
		i.wishes.drop("one")
		if err := i.fill(t.Context()); err != nil || i.filling.on != other {
			t.Errorf("another volume is full: %v; its disk counts as filled after the fault: %v, %v", other, i.filling.on, err)
		}
	}
}
