package scenarios

import "time"

// Dependency is a node that is there before another starts.
type Dependency struct {
	Node string `yaml:"-" json:"node"`
	// When it is there. service_healthy (default) and service_started: a run waits until it is healthy either way.
	// service_completed_successfully (default for a job): until the job has ended with 0.
	Condition string `yaml:"condition" enum:"service_started,service_healthy,service_completed_successfully" json:"condition,omitempty"`
}

// Completed is the condition of a Dependency on a job.
const Completed = "service_completed_successfully"

// Job is an image that does something once and ends.
type Job struct {
	// How long it may take. Default 10m.
	Timeout time.Duration `yaml:"timeout" sign:"positive" json:"timeout,omitempty"`
}

// DefaultJobTimeout is how long a job may take that does not say.
const DefaultJobTimeout = 10 * time.Minute

// Waits are what decides who starts before whom: connections, callees first, and dependencies.
func (s *Scenario) Waits() []Connection {
	var out []Connection
	for _, c := range s.Connections() {
		if !c.FromLoad() {
			out = append(out, c)
		}
	}
	for _, n := range s.Nodes {
		for _, d := range n.DependsOn {
			if d.Node == n.Name {
				continue // which has its own words
			}
			out = append(out, Connection{From: n.Name, To: d.Node, Path: At("topology", n.Name, "depends_on", d.Node)})
		}
	}
	return out
}

// Restart is what is done about an image that ends by itself.
type Restart struct {
	When RestartWhen `json:"when"`
	// Most is how often it is done at most in a run; 0: as often as it ends.
	Most int `json:"most,omitempty"`
}

// RestartWhen is after which ends an image is started again.
type RestartWhen string

// The policies of restarts; "" is never.
const (
	RestartAlways    RestartWhen = "always"
	RestartOnFailure RestartWhen = "on-failure"
)

// Again tells whether to start it once more after it has ended, failed or not, and been started again so many times.
func (r Restart) Again(failed bool, times int) bool {
	if r.Most > 0 && times >= r.Most {
		return false
	}
	return r.When == RestartAlways || r.When == RestartOnFailure && failed
}
