package faults

import "fmt"

// Targets is a resolved selection, in the plan's order. An edge fault uses Edges, a node fault Instances.
type Targets struct {
	Edges     []string
	Instances []string
	// Nodes are the instances' nodes, in the same order.
	Nodes []Node
}

// Node is what kinds of faults ask of a target.
type Node struct {
	Name string
	// Kind is the scenario's word, as in "cdn"; Image the image that it runs, empty for a built-in node.
	Kind, Image string
	// CPUs is its limit in cores; 0: none.
	CPUs float64
	// Volumes are an image's.
	Volumes []Volume
	// ReplicaOf names the primary that it follows, if it does.
	ReplicaOf string
	// Retains: a stream that keeps what it has delivered; Subscribers are who it delivers to.
	Retains     bool
	Subscribers []string
	// Certificate: an image that has one of the run's. Reloads: it can be told that it has changed.
	Certificate, Reloads bool
}

// Volume is a folder of an image that outlives its restarts.
type Volume struct {
	// Target is where it is in the image.
	Target string
	// Size in bytes; 0: it has none of its own.
	Size     int64
	ReadOnly bool
}

// builtIn refuses nodes that run an image: nobody can tell those what to do.
func (t Targets) builtIn(k Kind) error {
	for _, n := range t.Nodes {
		if n.Image != "" {
			return fmt.Errorf("%s is for built-in nodes, and %q runs the image %s", k.Kind(), n.Name, n.Image)
		}
	}
	return nil
}

// cpus is an instance's limit in cores.
func (t Targets) cpus(i int) float64 {
	if i >= len(t.Nodes) {
		return 0
	}
	return t.Nodes[i].CPUs
}
