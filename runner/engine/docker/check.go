package docker

import (
	"errors"
	"fmt"
	"os"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/docker/imagenode"
	"github.com/squallhq/squall/runner/engine/trust"
	"github.com/squallhq/squall/scenarios/topology"
)

// Has tells that containers can do everything but say what things cost.
func (e *Engine) Has(c runner.Capability) bool {
	switch c {
	case runner.Images, runner.Externals, runner.Pauses, runner.CPULimits, runner.MemoryLimits:
		return true
	default:
		return false
	}
}

// Check says why a plan can't run in containers.
func (e *Engine) Check(plan *topology.Plan) error {
	problems := []error{engine.Check(attempt{Engine: e}, plan), trust.Check(plan, trust.Roots())}
	for _, n := range plan.Scenario.Nodes {
		if n.Build != nil {
			problems = append(problems, imagenode.CheckBuild(n, plan.Scenario.Folder))
		}
	}
	for _, i := range plan.Instances {
		if err := checkNode(i); err != nil {
			problems = append(problems, err)
		}
	}
	free := newSubnets(e.options.Range, nil, "")
	if _, err := newLayout(plan, free.take); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// minimumMemory is the least that the engine accepts as a limit.
const minimumMemory = 6 << 20

func checkNode(i topology.Instance) error {
	n := i.Node
	if n.Memory != 0 && n.Memory < minimumMemory {
		return fmt.Errorf("node %q: memory: %d bytes is too little for a container; the least is 6MB", n.Name, n.Memory)
	}
	if n.CPUs < 0 || n.CPUs > 0 && n.CPUs < 0.01 {
		return fmt.Errorf("node %q: cpus: %g can't be given to a container; the least is 0.01", n.Name, n.CPUs)
	}
	if port := n.ServingPort(); port < 1 || port > 65535 {
		return fmt.Errorf("node %q: port: %d is none", n.Name, port)
	}
	for _, one := range n.Secrets {
		if _, is := os.LookupEnv(one.Environment); one.Environment != "" && !is {
			return fmt.Errorf("node %q: secrets: %s: squall's environment has no %s; set it", n.Name, one.Name, one.Environment)
		}
	}
	if n.Image == "" && n.Kind == "image" {
		return fmt.Errorf("node %q: it is of kind image and names none", n.Name)
	}
	return nil
}
