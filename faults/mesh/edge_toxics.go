package mesh

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/link"
)

// add puts a toxic on. Its name, where it has none that is free, is made from its type and stream.
func (e *edge) add(t *link.Toxic) {
	e.mu.Lock()
	defer e.mu.Unlock()
	name := t.Spec.Name
	if name == "" {
		name = t.Spec.Type() + "_" + t.Spec.Stream
	}
	t.Spec.Name = name
	for n := 2; e.index(t.Spec.Name) >= 0; n++ {
		t.Spec.Name = fmt.Sprintf("%s_%d", name, n)
	}
	e.install(t)
}

// addNamed puts a toxic on that the API brought. Its name must be free.
func (e *edge) addNamed(t *link.Toxic) (faults.Toxic, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t.Spec.Name == "" {
		t.Spec.Name = t.Spec.Type() + "_" + t.Spec.Stream
	}
	if e.index(t.Spec.Name) >= 0 {
		return faults.Toxic{}, fmt.Errorf("toxic %q on edge %q: %w", t.Spec.Name, e.name, ErrExists)
	}
	t.Meter = new(link.Meter)
	e.install(t)
	e.noteToxic(ToxicAdded, t)
	return t.Spec, nil
}

// install puts a toxic at the end of the chain. e.mu is held.
func (e *edge) install(t *link.Toxic) {
	e.identify(t)
	e.toxics = append(e.toxics, t)
	e.refresh()
}

func (e *edge) index(name string) int {
	return slices.IndexFunc(e.toxics, func(t *link.Toxic) bool { return t.Spec.Name == name })
}

// update changes a toxic where it stands.
func (e *edge) update(name string, change func(faults.Toxic) (faults.Toxic, error)) (faults.Toxic, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.index(name)
	if i < 0 {
		return faults.Toxic{}, fmt.Errorf("toxic %q on edge %q: %w", name, e.name, ErrNotFound)
	}
	before := e.toxics[i]
	spec, err := change(before.Spec)
	if err != nil {
		return faults.Toxic{}, err
	}
	after, err := link.NewToxic(spec)
	if err != nil {
		return faults.Toxic{}, err
	}
	after.Serial, after.Key, after.Meter, after.Owner = before.Serial, before.Key, before.Meter, before.Owner
	e.toxics[i] = after
	e.refresh()
	e.noteToxic(ToxicChanged, after)
	return after.Spec, nil
}

// remove takes a toxic off by its name.
func (e *edge) remove(name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.index(name)
	if i < 0 {
		return fmt.Errorf("toxic %q on edge %q: %w", name, e.name, ErrNotFound)
	}
	gone := e.toxics[i]
	e.toxics = slices.Delete(e.toxics, i, i+1)
	e.refresh()
	e.noteToxic(ToxicRemoved, gone)
	return nil
}

// removeSerial takes a toxic off that Apply put on, unless the API has removed it since.
func (e *edge) removeSerial(serial uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.toxics = slices.DeleteFunc(e.toxics, func(t *link.Toxic) bool { return t.Serial == serial })
	e.refresh()
}

// clear takes every toxic off and enables the edge.
func (e *edge) clear() error {
	e.mu.Lock()
	gone := e.toxics
	e.toxics = nil
	e.refresh()
	for _, t := range gone {
		e.noteToxic(ToxicRemoved, t)
	}
	e.mu.Unlock()
	return e.enable(true)
}

// enable ends or begins the outage that disabling is: new connections are refused, open ones end.
func (e *edge) enable(on bool) error {
	e.mu.Lock()
	off := e.off
	if on == (off == nil) {
		e.mu.Unlock()
		return nil
	}
	if on {
		e.off = nil
	} else {
		off = link.NewOutage(faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenClose, Direction: faults.Both}, new(link.Meter))
		e.off = off
	}
	e.mu.Unlock()
	change, act := Change{Kind: Disabled, Edge: e.name, What: "disabled: new connections are refused, open ones end", Words: faults.Refuse{}.Kind()}, e.apply
	if on {
		change, act = Change{Kind: Enabled, Edge: e.name, What: "enabled again"}, e.lift
	}
	err := act(off)
	if err == nil {
		e.mesh.journal.note(change, off.Meter)
	}
	return err
}

// shown is the edge as toxiproxy's API shows it: its toxics in the order in which they act, upstream ones first.
func (e *edge) shown() Proxy {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := Proxy{Name: e.name, Listen: e.spec.Listen, Upstream: e.spec.Upstream, Enabled: e.off == nil, Toxics: make([]faults.Toxic, 0, len(e.toxics))}
	for _, up := range []bool{true, false} {
		for _, t := range e.toxics {
			if t.Up() == up {
				p.Toxics = append(p.Toxics, t.Spec)
			}
		}
	}
	return p
}
