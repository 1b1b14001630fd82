package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios/topology"
)

// filled is a volume that a fault has filled.
type filled struct {
	left    int64
	written int64
	then    Space
	// end is what was free before it was freed; nil: it is full, or that could not be read.
	end *int64
}

// fillable says why a disk of an instance can't be filled.
func fillable(d Driver, i topology.Instance, p faults.Primitive) error {
	if i.Node.Image == "" || !d.Has(runner.Images) {
		return fmt.Errorf("filling a disk of %s needs an image with a volume that has a size; use --engine docker", i.Name)
	}
	if p.Disk == nil {
		return fmt.Errorf("fill a disk of %s: which is not said", i.Name)
	}
	return nil
}

// fill fills the volumes that are to be full, and frees those that are not any more. acts is held.
func (i *instance) fill(ctx context.Context) error {
	want := i.fills()
	if len(want) == 0 && len(i.full) == 0 {
		return nil
	}
	p, can := i.current().(Disks)
	if !can && len(want) > 0 {
		return fmt.Errorf("fill a disk of %q: the %s engine can't", i.plan.Name, i.driver.Name())
	}
	if len(want) > 0 {
		i.suffers(&i.filling, true) // before it is: what ends of it may end at once
	}
	defer func() { i.suffers(&i.filling, i.hasFull()) }()
	for _, volume := range slices.Sorted(maps.Keys(want)) {
		if f := i.full[volume]; f != nil && f.end == nil && f.left == want[volume] {
			continue
		}
		written, now, err := p.Fill(ctx, volume, want[volume])
		if err != nil {
			return fmt.Errorf("fill %s of %q: %w", volume, i.plan.Name, err)
		}
		if i.full == nil {
			i.full = map[string]*filled{}
		}
		i.full[volume] = &filled{left: want[volume], written: written, then: now}
	}
	for _, volume := range slices.Sorted(maps.Keys(i.full)) {
		f := i.full[volume]
		if _, still := want[volume]; still || f.end != nil {
			continue
		}
		before, err := p.Empty(ctx, volume)
		if err != nil {
			return fmt.Errorf("free %s of %q: %w", volume, i.plan.Name, err)
		}
		f.end = &before.Free
	}
	return nil
}

// hasFull tells that a volume is filled. acts is held.
func (i *instance) hasFull() bool {
	for _, f := range i.full {
		if f.end == nil {
			return true
		}
	}
	return false
}

// givesUpWithin is how long after a disk has room again a program may take to end of having had none.
const givesUpWithin = time.Second

// fullToDeath tells that an incarnation has ended by itself, with an error, while a fault left no room on a disk of it, as a database
// does that can't write its log. It is started again when that is over.
func (i *instance) fullToDeath(p Process, how error) bool {
	var outside *Outside
	i.mu.Lock()
	full := i.filling.since(time.Now().Add(-givesUpWithin))
	i.mu.Unlock()
	if how == nil || errors.As(how, &outside) || !full {
		return false
	}
	told := fmt.Errorf("instance %q ended by itself while its fault left no room on its disk: %w%s", i.plan.Name, how, lastWords(p))
	i.fall(p, told, "for want of room on its disk", func() bool { return len(i.fills()) > 0 })
	return true
}

// filling tells what of an instance's disk an injection has filled.
type filling struct {
	of     *instance
	volume string
	last   *filled
}

func (*filling) begin(context.Context) {}

func (f *filling) turn(context.Context) {
	if now := f.of.full[f.volume]; now != nil {
		f.last = now
	}
}

func (f *filling) deed() faults.Deed {
	d := faults.Deed{Instance: f.of.plan.Name, What: faults.Filled}
	if f.last != nil {
		d.N = f.last.written
		d.Disk = &faults.DiskDeed{Volume: f.volume, Size: f.last.then.Size, Free: f.last.then.Free, FreeAtEnd: f.last.end}
	}
	return d
}
