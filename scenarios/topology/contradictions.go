package topology

import (
	"fmt"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// contradictions reports faults that can't both be true: at the same time on the same target.
func (b *builder) contradictions() {
	for j := range b.Faults {
		for i := range j {
			x, y := b.Faults[i], b.Faults[j]
			if x.Start >= y.End || y.Start >= x.End {
				continue
			}
			if why := clash(x.Primitives, y.Primitives); why != "" {
				b.problem(b.places[j], "let one end before the other begins, or let them hit different targets",
					"%s contradicts %s (%s), which is on at the same time: %s", y.Fault.Kind, x.Fault.Kind, place(b.places[i]), why)
			}
		}
	}
}

// place says where a fault stands, as in "fault 2 of phase 1".
func place(path scenarios.Path) string {
	return fmt.Sprintf("fault %d of phase %d", path[3].Index+1, path[1].Index+1)
}

// clash is why two faults' primitives contradict each other, empty if they do not.
func clash(x, y []faults.Primitive) string {
	if toxics(x) || toxics(y) {
		return "" // toxics add up, with each other and under whatever else is on
	}
	type target struct{ edge, instance string }
	onTarget := make(map[target]faults.Primitive, len(x)) // a fault has one primitive for each target, but for toxics
	for _, p := range x {
		onTarget[target{p.Edge, p.Instance}] = p
	}
	for _, q := range y {
		if p, ok := onTarget[target{q.Edge, q.Instance}]; ok {
			if why := oppose(p, q); why != "" {
				return why
			}
		}
	}
	return ""
}

// toxics tells whether all of a fault's primitives are toxics.
func toxics(ps []faults.Primitive) bool {
	for _, p := range ps {
		if p.Op != faults.OpToxic {
			return false
		}
	}
	return true
}

// oppose is why two primitives on one target contradict each other.
func oppose(p, q faults.Primitive) string {
	switch {
	case p.Op == faults.OpOutage && q.Op == faults.OpOutage:
		return fates(p, q)
	case ends(p) && ends(q):
		return fmt.Sprintf("%q would be killed twice", p.Instance)
	case p.Op == faults.OpConfigure || q.Op == faults.OpConfigure:
		return "" // changes combine in their order, and a killed instance starts with those that are on
	case (ends(p) || ends(q)) && p.Instance != "":
		return fmt.Sprintf("%q is killed, and a process that is not there can't have it", p.Instance)
	case p.Op == faults.OpCPU && q.Op == faults.OpCPU && p.CPUs != q.CPUs:
		return fmt.Sprintf("%q can have one CPU limit, not %g and %g cores", p.Instance, p.CPUs, q.CPUs)
	case p.Op == faults.OpLookup && q.Op == faults.OpLookup && *p.Lookup != *q.Lookup:
		return fmt.Sprintf("a lookup over %s can't be both %s and %s", p.Edge, p.Lookup, q.Lookup)
	case p.Op == faults.OpReplace && q.Op == faults.OpReplace && p.Image != q.Image:
		return fmt.Sprintf("%q can run one image, not %s and %s", p.Instance, p.Image, q.Image)
	case p.Op == faults.OpFill && q.Op == faults.OpFill && p.Disk.Volume == q.Disk.Volume && p.Disk.Leave != q.Disk.Leave:
		return fmt.Sprintf("%s of %q can be full once, not with %d and %d bytes left", p.Disk.Volume, p.Instance, p.Disk.Leave, q.Disk.Leave)
	case p.Op == faults.OpCertificate && q.Op == faults.OpCertificate && p.Certificate != q.Certificate:
		return fmt.Sprintf("%q can show one certificate, not both %s and %s", p.Instance, p.Certificate, q.Certificate)
	case p.Op == faults.OpMemory && q.Op == faults.OpMemory && p.Bytes != q.Bytes:
		return fmt.Sprintf("%q can have one memory limit, not %d and %d bytes", p.Instance, p.Bytes, q.Bytes)
	case p.Op == faults.OpBehave && q.Op == faults.OpBehave && p.Behaviour.Errors > 0 && q.Behaviour.Errors > 0 && p.Behaviour.Status != q.Behaviour.Status:
		return fmt.Sprintf("%q can have one error status, not %d and %d", p.Instance, p.Behaviour.Status, q.Behaviour.Status)
	}
	return ""
}

// ends tells that an instance is not there.
func ends(p faults.Primitive) bool {
	return p.Op == faults.OpKill || p.Op == faults.OpStop || p.Op.TakesMachine()
}

// fates compares two outages of one edge; a fate that one of them leaves alone is no contradiction.
func fates(p, q faults.Primitive) string {
	x, y := p.Outage, q.Outage
	if x.New != faults.NewPass && y.New != faults.NewPass && (x.New != y.New || x.Delay != y.Delay) {
		return fmt.Sprintf("new connections of %s can't both %s and %s", p.Edge, x.New, y.New)
	}
	if x.Open != faults.OpenPass && y.Open != faults.OpenPass && (x.Open != y.Open || x.Direction != y.Direction) {
		return fmt.Sprintf("open connections of %s can't both %s and %s", p.Edge, openFate(x), openFate(y))
	}
	return ""
}

func openFate(o *faults.EdgeOutage) string {
	if o.Direction == "" {
		return string(o.Open)
	}
	return string(o.Open) + " " + string(o.Direction)
}
