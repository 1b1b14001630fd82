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
		if (n.Image != "" || n.Kind == scenarios.KindImage) && !d.Has(runner.Images) {
			errs = append(errs, fmt.Errorf("node %q wants image %q, and the %s engine runs built-in nodes alone; %s, or use --engine docker",
				n.Name, n.Image, d.Name(), wouldStandIn(n)))
		}
	}
	for _, f := range p.Faults {
		for _, one := range f.Primitives {
			if err := checkPrimitive(d, p, one); err != nil {
				errs = append(errs, fmt.Errorf("fault %q in phase %q: %w", f.Fault.Kind.String(), f.Phase, err))
				break
			}
		}
	}
	return errors.Join(errs...)
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
	if p.Edge != "" {
		return nil // the mesh says so when it can't
	}
	i, known := plan.Instance(p.Instance)
	if !known {
		return fmt.Errorf("there is no instance %q", p.Instance)
	}
	return supports(d, i, p)
}

// supports says why a primitive can't be carried out on an instance.
func supports(d Driver, i topology.Instance, p faults.Primitive) error {
	image := i.Node.Image
	switch p.Op {
	case faults.OpKill, faults.OpStop:
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
	case faults.OpBehave:
		if image != "" {
			return fmt.Errorf("%s runs the image %s, whose answers can't be changed from outside; only built-in nodes can misbehave", i.Name, image)
		}
		if p.Behaviour == nil {
			return fmt.Errorf("make %s misbehave: how is not said", i.Name)
		}
	case faults.OpAsk:
		if image != "" {
			return fmt.Errorf("%s runs the image %s, which can't be asked for anything; only built-in nodes can", i.Name, image)
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
