package faults

import "fmt"

// CPU limits how much CPU each instance gets: in cores, or as a share of the limit it has.
type CPU struct {
	// The limit in cores, as in 0.25.
	Cores float64 `yaml:"cores" zero:"nothing would run; pause does that" json:"cores,omitempty"`
	// The limit as a share of the node's own cpus, in place of cores.
	Share float64 `yaml:"share" zero:"nothing would run; pause does that" unit:"share" json:"share,omitempty"`
}

var (
	_ Kind    = CPU{}
	_ Checker = CPU{}
)

// leastCores is the smallest limit that Docker and cgroups take.
const leastCores = 0.01

// Kind is "cpu".
func (CPU) Kind() string { return "cpu" }

func (c CPU) String() string {
	if c.Share > 0 {
		return "cpu " + percent(c.Share) + " of its limit"
	}
	return fmt.Sprintf("cpu %g cores", c.Cores)
}

// Scope is instances.
func (CPU) Scope() Scope { return ScopeInstances }

// Validate wants one of the two sizes.
func (c CPU) Validate() error {
	switch {
	case !(c.Cores >= 0):
		return fmt.Errorf("cores can't be %g: use more than 0, as in 0.25", c.Cores)
	case c.Cores > 0 && c.Cores < leastCores:
		return fmt.Errorf("cores can't be %g: use at least %g", c.Cores, leastCores)
	case c.Cores > 0 && c.Share != 0:
		return fmt.Errorf("cpu has both cores and share: give one of them")
	case c.Cores == 0 && c.Share == 0:
		return fmt.Errorf("cpu needs a size: give cores, as in 0.25, or share, as in 25%% of the node's cpus")
	}
	return checkShare(c.Share)
}

// Check refuses a share of no limit.
func (c CPU) Check(t Targets) error {
	if c.Share == 0 {
		return nil
	}
	for i, instance := range t.Instances {
		if t.cpus(i) == 0 {
			return fmt.Errorf("%q has no cpus to take a share of: give the fault cores, or the node cpus", instance)
		}
		if cpus := c.Share * t.cpus(i); cpus < leastCores {
			return fmt.Errorf("%s of the cpus of %q is %g: use at least %g", percent(c.Share), instance, cpus, leastCores)
		}
	}
	return nil
}

// Compile is one limit for each instance.
func (c CPU) Compile(t Targets) []Primitive {
	out := make([]Primitive, 0, len(t.Instances))
	for i, instance := range t.Instances {
		cpus := c.Cores
		if c.Share > 0 {
			cpus = c.Share * t.cpus(i)
		}
		out = append(out, Primitive{Op: OpCPU, Instance: instance, CPUs: cpus})
	}
	return out
}

var cpuEntry = Entry{Word: "cpu", Zero: CPU{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Instances get less CPU: they serve fewer requests, and those wait for their turn (docker and virtual engines).",
	New:     "connects at once; answers come later, the more so the busier the instance is",
	Open:    "answers come later, the more so the busier the instance is",
	Lifted:  "the instance has its own limit again; what has queued up is worked off",
	Example: "{cpu: payments, cores: 0.25}",
}}
