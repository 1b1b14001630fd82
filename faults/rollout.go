package faults

import (
	"errors"
	"fmt"
)

// Rollout replaces a node's instances by those of another image, one at a time, as a rolling update does. It may be a good one.
type Rollout struct {
	// The image that they run then, as in payments:2.
	Image string `yaml:"image" need:"yes" json:"image"`
	// How long it stays: until the end of its phase (phase, the default), when it is rolled back, or for good (end).
	Until string `yaml:"until" json:"until,omitempty" enum:"phase,end"`
}

var (
	_ Kind    = Rollout{}
	_ Checker = Rollout{}
	_ Staying = Rollout{}
)

// Kind is "rollout".
func (Rollout) Kind() string { return "rollout" }

func (r Rollout) String() string { return "rollout of " + r.Image }

// Scope is instances.
func (Rollout) Scope() Scope { return ScopeInstances }

// Stays tells that it is not rolled back before the run's end.
func (r Rollout) Stays() bool { return r.Until == UntilEnd }

// Validate wants an image.
func (r Rollout) Validate() error {
	if r.Image == "" {
		return errors.New("rollout does not say of what: add image, as in image: payments:2")
	}
	return checkWord("until", r.Until, "phase", UntilEnd)
}

// Check wants nodes that run another image.
func (r Rollout) Check(t Targets) error {
	for _, n := range t.Nodes {
		switch n.Image {
		case "":
			return fmt.Errorf("rollout is for nodes that run an image (docker engine), and %q is built in: use change", n.Name)
		case r.Image:
			return fmt.Errorf("%q runs the image %s already", n.Name, n.Image)
		}
	}
	return nil
}

// Compile is one replacement for each instance, in their order.
func (r Rollout) Compile(t Targets) []Primitive {
	return on(t, Primitive{Op: OpReplace, Image: r.Image})
}

var rolloutEntry = Entry{Word: "rollout", Zero: Rollout{}, Selection: SelectValue, Explain: Explanation{
	Summary: "Instances are replaced by those of another image, one at a time: each is asked to end (SIGTERM) and the next only goes when its successor is healthy. Volumes stay; what else was written to a container goes with it. An image that never gets healthy stops it and is taken back (images, docker engine).",
	New:     "callers are told before one goes, and when its successor is there; loads find out: a connection to it is reset meanwhile",
	Open:    "requests under way are answered, then end of file",
	Lifted:  "rolled back, one at a time (until: end: it stays)",
	Example: "{rollout: orders-db, image: 'postgres:17'}",
}}
