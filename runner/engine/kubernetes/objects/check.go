package objects

import (
	"errors"
	"fmt"

	"github.com/squallhq/squall/scenarios"
)

// leastLimit is the least memory that a container starts with.
const leastLimit = 6 << 20

// check says why a plan can't be pods: every reason at once.
func (m *maker) check() error {
	var errs []error
	shared := map[string]string{}
	for _, n := range m.plan.Scenario.Nodes {
		for _, why := range refusals(n) {
			errs = append(errs, fmt.Errorf("node %q: %s", n.Name, why))
		}
		for _, v := range n.Volumes {
			if v.Name == "" {
				continue
			}
			if other, is := shared[v.Name]; is && other != n.Name {
				errs = append(errs, fmt.Errorf("node %q: volumes: %s is %q's, too, and two pods share no volume that is made for them; use --engine docker", n.Name, v.Name, other))
			}
			shared[v.Name] = n.Name
		}
	}
	return errors.Join(append(errs, m.reroutable())...)
}

// refusals are what a node wants that a pod of the restricted profile has not.
func refusals(n *scenarios.Node) (out []string) {
	no := func(is bool, why string) {
		if is {
			out = append(out, why)
		}
	}
	if n.External != nil {
		return nil
	}
	no(n.OnlyLocal(), "it is a command of this machine alone; add image, or use --engine process")
	no(n.Build != nil, "build: a cluster builds no images; build it before the run, push it where the cluster pulls from, and write image: NAME")
	no(n.Image != "" && (n.ReplicaOf != "" || n.Followers > 0), "replica_of: real databases are not set up as replicas of each other in pods; use --engine docker")
	no(n.Certificate != nil, "certificate: a pod is not given one of the run's authority; use --engine docker")
	no(n.Memory > 0 && n.Memory < leastLimit, fmt.Sprintf("memory: %d bytes is too little for a container; the least is 6MB", n.Memory))
	no(n.CPUs > 0 && n.CPUs < 0.01, fmt.Sprintf("cpus: %g can't be given to a container; the least is 0.01", n.CPUs))
	return out
}
