package scenarios

import "slices"

// Local is a program of this machine that runs in the place of an image, on engines that can start one.
type Local struct {
	// Command is the program and its arguments; empty: what the node's entrypoint and command say.
	Command Words `json:"command,omitempty"`
}

// LocalName is in the place of an image's name where a node has none and is a local command alone.
const LocalName = "squall-local"

// LocalWords are what a node's local command is started with; empty: it says nothing.
func (n *Node) LocalWords() Words {
	if n.Local == nil {
		return nil
	}
	if len(n.Local.Command) > 0 {
		return n.Local.Command
	}
	return slices.Concat(n.Entrypoint, n.Command)
}

// OnlyLocal tells a node that runs nowhere but on this machine.
func (n *Node) OnlyLocal() bool { return n.Image == LocalName }

// Reach is what an engine that runs no images has beside what is built in.
type Reach struct{ Externals, Locals bool }

// Has tells that a node is there as it is, whatever stands in for it elsewhere.
func (r Reach) Has(n *Node) bool {
	return r.Externals && n.External != nil || r.Locals && n.Local != nil
}
