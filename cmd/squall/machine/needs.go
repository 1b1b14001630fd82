package machine

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/squallhq/squall/report/spell"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// What a run in real time takes of file descriptors in one process: for each edge a listener, for each instance its pipes and the connection
// that it is asked over, and what a program has anyway; for each request in flight the connections of an edge on both sides of it.
const (
	filesOfAnEdge     = 1
	filesOfAnInstance = 4
	filesAnyway       = 24
	filesOfARequest   = 2
)

// What a run surely takes of memory, less than the least that was measured: the program itself; an instance that is a process of its own
// (30 MB, two thirds of them the program's, which all share); one in virtual time (0.74 MB).
const (
	memoryAnyway       = 24 << 20
	memoryOfAProcess   = 6 << 20
	memoryOfAnInstance = 512 << 10
)

// What a run's folder surely takes, less than was measured too: its reports, for an instance what each phase says of it, for a sort of request
// a line a second, and for a write that is accounted for a line.
const (
	diskAnyway       = 256 << 10
	diskOfAnInstance = 1 << 10
	diskOfASecond    = 150
	diskOfAWrite     = 150
	// diskLeast is below what any run should begin with: logs, journals and traces come on top.
	diskLeast = 16_000_000
	// diskWanted is what leaves room for them.
	diskWanted = 50_000_000
)

// Kind of engine, as far as it matters to what a plan needs.
type Kind int

// The kinds.
const (
	Virtual    Kind = iota // one process, and no connection is the machine's
	Processes              // each instance is a process
	Containers             // somebody else's machine, or so it may be
)

// Check holds what a plan needs against what is there. The error: the plan surely can't be carried out. The warnings: there may be too little of
// something, and the run would be inconclusive then.
func (r Readings) Check(p *topology.Plan, kind Kind) (warnings []string, err error) {
	var errs []error
	for _, check := range []func(*topology.Plan, Kind) (string, error){r.files, r.disk, r.memory, r.limits, r.ports} {
		warning, err := check(p, kind)
		if warning != "" {
			warnings = append(warnings, warning)
		}
		errs = append(errs, err)
	}
	return warnings, errors.Join(errs...)
}

// files tells of descriptors.
func (r Readings) files(p *topology.Plan, kind Kind) (warning string, err error) {
	if kind == Virtual || r.Files == nil {
		return "", nil
	}
	limit, launch := *r.Files, uint64(filesAnyway+filesOfAnEdge*len(p.Edges)+filesOfAnInstance*len(p.Instances))
	if launch > limit {
		return "", fmt.Errorf("this plan needs some %d open files to be launched, and %d are allowed; raise the limit (ulimit -n)", launch, limit)
	}
	worst := uint64(0)
	for _, l := range p.Scenario.Loads {
		worst += mostInFlight(l)
	}
	if most := launch + filesOfARequest*worst; most > limit {
		return fmt.Sprintf("this plan needs up to %d open files, should all of %d requests in flight hang until users give up, and %d are allowed (ulimit -n); where they "+
			"run out the run is inconclusive", most, worst, limit), nil
	}
	return "", nil
}

// disk tells of the run's folder, and of the temporary one where processes keep what their nodes have stored.
func (r Readings) disk(p *topology.Plan, kind Kind) (warning string, err error) {
	need := max(diskLeast, folderOf(p))
	for n, d := range r.Disks {
		if n > 0 && kind != Processes {
			break
		}
		switch {
		case d.Full:
			return "", fmt.Errorf("%s (%s) is on a disk that can take no more files; remove some there, or choose another folder (%s)", d.What, d.Path, choose(n))
		case d.Free < need:
			return "", fmt.Errorf("%s (%s) is on a disk with %s free, and this plan needs %s there; make room, or choose another folder (%s)",
				d.What, d.Path, spell.Bytes(int64(d.Free)), spell.Bytes(int64(need)), choose(n))
		case d.Free < max(diskWanted, 2*need):
			warning = fmt.Sprintf("%s (%s) is on a disk with %s free: logs, traces and what nodes store may fill it", d.What, d.Path, spell.Bytes(int64(d.Free)))
		}
	}
	return warning, nil
}

// choose is how another folder is chosen than the nth.
func choose(n int) string { return []string{"--out", "TMPDIR"}[n] }

// folderOf is what the files of a plan's run surely take.
func folderOf(p *topology.Plan) uint64 {
	seconds, need := p.Total.Seconds(), float64(diskAnyway+diskOfAnInstance*len(p.Instances)*len(p.Phases))
	for _, l := range p.Scenario.Loads {
		need += seconds * diskOfASecond * float64(len(l.Requests))
		if l.ReadBack == nil || l.Users > 0 {
			continue
		}
		for _, s := range l.Shape() {
			need += min(cmp.Or(s.For.Seconds(), seconds), seconds) * (s.From + s.To) / 2 * diskOfAWrite
		}
	}
	return uint64(need)
}

// memory tells of what programs need before the first request.
func (r Readings) memory(p *topology.Plan, kind Kind) (warning string, err error) {
	if r.Memory == nil {
		return "", nil
	}
	each := map[Kind]int{Virtual: memoryOfAnInstance, Processes: memoryOfAProcess}[kind]
	if need := uint64(memoryAnyway + each*len(p.Instances)); need > *r.Memory {
		return "", fmt.Errorf("this plan's %s need %s of memory or more, and %s is left; end other programs, or take fewer replicas",
			spell.Plural(int64(len(p.Instances)), "instance"), spell.Bytes(int64(need)), spell.Bytes(int64(*r.Memory)))
	}
	return "", nil
}

// limits tells of containers whose limits go beyond all the memory of their engine.
func (r Readings) limits(p *topology.Plan, _ Kind) (warning string, err error) {
	if r.Engine == nil {
		return "", nil
	}
	var sum int64
	total := int64(*r.Engine)
	for _, i := range p.Instances {
		if i.Node.Memory > total {
			return "", fmt.Errorf("node %q: memory: %s is more than the container engine has (%s); nothing would hold it to that: give it less", i.Node.Name,
				spell.Bytes(i.Node.Memory), spell.Bytes(total))
		}
		sum += i.Node.Memory
	}
	if sum > total {
		return fmt.Sprintf("the instances of this plan may take %s of memory together, and the container engine has %s: it may run out before they are at their limits",
			spell.Bytes(sum), spell.Bytes(total)), nil
	}
	return "", nil
}

// ports tells of what the system gives to who asks for any: one to each edge's and each instance's listener, and one to each connection, of which
// as many can go to one edge as there are.
func (r Readings) ports(p *topology.Plan, kind Kind) (warning string, err error) {
	if kind != Processes || r.Ports == nil {
		return "", nil
	}
	listeners := uint64(len(p.Edges) + len(p.Instances))
	if listeners >= *r.Ports {
		return "", fmt.Errorf("this plan listens at some %d ports, and the system gives out %d (net.ipv4.ip_local_port_range); widen the range", listeners, *r.Ports)
	}
	for _, l := range p.Scenario.Loads {
		if most := mostInFlight(l); most+listeners > *r.Ports {
			return fmt.Sprintf("load %q needs up to %d ports, should all its requests in flight hang until users give up, and the system gives out %d "+
				"(net.ipv4.ip_local_port_range); where they run out the run is inconclusive", l.Name, most, *r.Ports-listeners), nil
		}
	}
	return "", nil
}

// mostInFlight is how many requests of a load are in flight at most: its users, or all that arrive in a user's patience.
func mostInFlight(l *scenarios.Load) uint64 {
	if l.Users > 0 {
		return uint64(l.Users)
	}
	rate := 0.0
	for _, s := range l.Shape() {
		rate = max(rate, s.From, s.To, s.Rate)
	}
	patience := cmp.Or(l.Timeout, scenarios.DefaultClientTimeout)
	return uint64(min(int64(rate*patience.Seconds()), int64(cmp.Or(l.MaxInFlight, scenarios.DefaultMaxInFlight))))
}
