package engine

import (
	"errors"
	"fmt"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Check says why a plan can't run on an engine, by the capabilities that it has; every reason is told at once.
func Check(d Driver, p *topology.Plan) error {
	var errs []error
	for _, n := range p.Scenario.Nodes {
		if n.External != nil && !d.Has(runner.Externals) {
			errs = append(errs, RefuseExternal(n, d.Name()))
		}
		if n.External != nil && len(n.Calls) > 0 && !d.Has(runner.Reroutes) {
			errs = append(errs, fmt.Errorf("node %q is external and calls %s: the %s engine can't put itself between what it did not launch; leave calls out, or use --engine kubernetes with --allow-reroute, where they are Services of the cluster",
				n.Name, strings.Join(n.Calls, ", "), d.Name()))
		}
		if err := runs(d, n); err != nil {
			errs = append(errs, beyond(d, p, n, err))
		}
	}
	for _, f := range p.Faults {
		if row, _ := faults.Lookup(f.Fault.Kind.Kind()); row.Cannot != "" {
			errs = append(errs, f.Refused(errors.New(row.Cannot)))
			continue
		}
		for _, one := range f.Primitives {
			if err := checkPrimitive(d, p, one); err != nil {
				errs = append(errs, f.Refused(err))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// runs says why an engine can't run what somebody else has made, where a node is that.
func runs(d Driver, n *scenarios.Node) error {
	switch {
	case n.Image == "" && n.Kind != scenarios.KindImage || n.Local != nil && d.Has(runner.Locals):
		return nil
	case n.OnlyLocal() && d.Has(runner.Images):
		return fmt.Errorf("node %q is a command of this machine alone, and the %s engine runs containers; add image or build, or use --engine process", n.Name, d.Name())
	case n.OnlyLocal():
		return fmt.Errorf("node %q is a command of this machine, and the %s engine runs built-in nodes alone; %s, or use --engine process", n.Name, d.Name(), wouldStandIn(n))
	case d.Has(runner.Images):
		return nil
	}
	local := ""
	if d.Has(runner.Locals) {
		local = ", or local: [PROGRAM, ...] with the command of this machine that does it"
	}
	return fmt.Errorf("node %q wants image %q, and the %s engine runs built-in nodes alone; %s%s, or use --engine docker", n.Name, n.Image, d.Name(), wouldStandIn(n), local)
}

// beyond is why an engine can't run a node: where a load speaks to it as nothing built in does, nothing that is could stand in for it.
func beyond(d Driver, p *topology.Plan, n *scenarios.Node, why error) error {
	for _, l := range p.Scenario.Loads {
		if spoken := l.Protocol(); l.To == n.Name && spoken != scenarios.HTTP && spoken != scenarios.SQL && !d.Has(runner.Images) {
			return fmt.Errorf("load %q speaks %s to %q, which nothing built in does, and the %s engine runs no images; use --engine docker, or process with local: [PROGRAM, ...]",
				l.Name, spoken, n.Name, d.Name())
		}
	}
	return why
}

// wouldStandIn says what to add to a node so that something built in takes its image's place.
func wouldStandIn(n *scenarios.Node) string {
	switch n.Kind {
	case scenarios.KindImage:
		return "add stand_in: {kind: service, endpoints: {...}} (or another kind) with what it does"
	case scenarios.KindDatabase:
		return "add stand_in: {kind: database}"
	default:
		return fmt.Sprintf("add stand_in: {kind: %s, ...}, the built-in %s", n.Kind, n.Kind)
	}
}

func checkPrimitive(d Driver, plan *topology.Plan, p faults.Primitive) error {
	if p.Op == faults.OpLookup {
		return canLookUp(d, plan, p)
	}
	if p.Edge != "" {
		return nil // the mesh says so when it can't
	}
	i, known := plan.Instance(p.Instance)
	if !known {
		return fmt.Errorf("there is no instance %q", p.Instance)
	}
	return supports(d, i, p)
}

// canLookUp says why the lookups of who calls over an edge can't be changed: only containers have a resolver of the engine's.
func canLookUp(d Driver, plan *topology.Plan, p faults.Primitive) error {
	for _, e := range plan.Edges {
		if e.Name != p.Edge || e.Client {
			continue
		}
		if from, _ := plan.Instance(e.From); from.Node != nil && from.Node.Image != "" && !d.Has(runner.Images) {
			return fmt.Errorf("%s is a command of this machine and looks names up by itself; use --engine docker", e.From)
		}
	}
	return nil
}

// supports says why a primitive can't be carried out on an instance.
func supports(d Driver, i topology.Instance, p faults.Primitive) error {
	if err := untouchable(d, i, p); err != nil {
		return err
	}
	image := i.Node.Image
	switch p.Op {
	case faults.OpKill, faults.OpStop, faults.OpLookup:
	case faults.OpPause:
		if !d.Has(runner.Pauses) {
			return fmt.Errorf("pausing instance %q is not possible on this system; use --engine docker", i.Name)
		}
	case faults.OpCPU:
		if !d.Has(runner.CPULimits) {
			return fmt.Errorf("limiting the CPU of instance %q needs containers; use --engine docker", i.Name)
		}
		if p.CPUs < leastCPUs {
			return fmt.Errorf("limit %s to %g CPUs: the least is %g", i.Name, p.CPUs, leastCPUs)
		}
	case faults.OpMemory:
		if !d.Has(runner.MemoryLimits) {
			return fmt.Errorf("limiting the memory of instance %q needs containers; use --engine docker", i.Name)
		}
		if p.Bytes < leastMemory {
			return fmt.Errorf("limit the memory of %s to %d bytes: the least is %d MB", i.Name, p.Bytes, leastMemory>>20)
		}
	case faults.OpMachineLoss, faults.OpMachineDrain:
		return oneOfMachines(d, i, p)
	case faults.OpReplace:
		if image == "" || !d.Has(runner.Images) {
			return fmt.Errorf("%s runs no image that another could take the place of; use --engine docker, or change for what is built in", i.Name)
		}
	case faults.OpFill:
		return fillable(d, i, p)
	case faults.OpCertificate:
		return certifies(d, i)
	case faults.OpBehave:
		if image != "" {
			return fmt.Errorf("%s runs the image %s, whose answers can't be changed from outside; only built-in nodes can misbehave", i.Name, image)
		}
		if p.Behaviour == nil {
			return fmt.Errorf("make %s misbehave: how is not said", i.Name)
		}
	case faults.OpAsk:
		if image != "" && !(p.Ask.Promote && i.Node.ReplicaOf != "") {
			return fmt.Errorf("%s runs the image %s, which can't be asked for that; only built-in nodes can", i.Name, image)
		}
	case faults.OpConfigure:
		if image != "" {
			return fmt.Errorf("%s runs the image %s, whose configuration is its own; only built-in nodes can be changed", i.Name, image)
		}
		if p.Patch == nil {
			return fmt.Errorf("change %s: to what is not said", i.Name)
		}
	default:
		return fmt.Errorf("the %s engine knows no %q", d.Name(), p.Op)
	}
	return nil
}

// untouchable says why a primitive can't be carried out on what others run, or on a command of this machine.
func untouchable(d Driver, i topology.Instance, p faults.Primitive) error {
	switch {
	case i.Node.External != nil:
		return fmt.Errorf("%s is external: squall did not start it and must not touch it", i.Name)
	case i.Node.Local == nil || !d.Has(runner.Locals):
		return nil
	}
	what := map[faults.Op]string{
		faults.OpBehave: "whose answers can't be changed from outside", faults.OpConfigure: "whose configuration is its own",
		faults.OpAsk: "which can't be asked for that",
	}[p.Op]
	if what == "" {
		return nil
	}
	return fmt.Errorf("%s is a command of this machine, %s; only built-in nodes can", i.Name, what)
}

// leastMemory is the least limit, in bytes: container engines accept no less.
const leastMemory = 6 << 20

// leastCPUs is the least limit, in cores: container engines accept no less.
const leastCPUs = 0.01

// Notes are what every engine has to say of a plan: which of its limits are not enforced.
func Notes(d Driver, p *topology.Plan) []string {
	if unheld := unheldLimits(d, p); unheld != "" {
		return []string{unheld}
	}
	return nil
}

// unheldLimits says which limits of the plan's nodes the engine can't hold them to; empty: none.
func unheldLimits(d Driver, p *topology.Plan) string {
	var nodes []string
	for _, n := range p.Scenario.Nodes {
		cpu := n.CPUs > 0 && !d.Has(runner.CPULimits)
		memory := n.Memory > 0 && !d.Has(runner.MemoryLimits)
		if cpu || memory {
			nodes = append(nodes, n.Name)
		}
	}
	if len(nodes) == 0 {
		return ""
	}
	kinds := "CPU and memory"
	if d.Has(runner.CPULimits) {
		kinds = "memory"
	}
	return "not enforced without containers: the " + kinds + " limits of " + strings.Join(nodes, ", ")
}
