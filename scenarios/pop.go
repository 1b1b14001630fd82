package scenarios

import (
	"slices"
	"time"

	"github.com/squallhq/squall/scenarios/parts"
)

// Pop is a step that takes a message.
type Pop struct {
	// Take one message from this queue; {key} and {id} in the steps after it are the message's. It is acknowledged when the
	// request has ended well (below 500), else the queue gives it to somebody again (at least once), but where its delivery is at_most_once.
	Pop string `yaml:"pop" step:"does" json:"pop,omitempty"`
	// pop: how long it waits for a message. Default not at all.
	Wait time.Duration `yaml:"wait" of:"pop" sign:"positive" json:"wait,omitempty"`
}

// Promise is what a queue promises of a message that was given to somebody.
type Promise string

// The promises; "" is AtLeastOnce.
const (
	AtLeastOnce Promise = "at_least_once"
	AtMostOnce  Promise = "at_most_once"
)

// DefaultAckWithin is how long a queue waits for an acknowledgement that does not say.
const DefaultAckWithin = 30 * time.Second

// PopReceiver is who a queue that is popped delivers to, where receivers have names.
const PopReceiver = "pop"

// ParamKey and ParamID are what a message is known by, in the paths and keys that it is delivered to.
const (
	ParamKey = "key"
	ParamID  = "id"
)

// KeepsNothing tells a broker that hands a message on to who is there to take it, and has none of it afterwards: core NATS.
func (n *Node) KeepsNothing() bool {
	return n.Speaks() == parts.SpeaksNATS && n.Kind == KindQueue && n.Promise == AtMostOnce
}

// Takers are the nodes whose steps pop from a queue.
func (s *Scenario) Takers(queue string) (out []string) {
	for _, n := range s.Nodes {
		takes := false
		n.EachStep(func(step *Step, _ Path) { takes = takes || step.Pop.Pop == queue })
		if takes {
			out = append(out, n.Name)
		}
	}
	return out
}

// Strangers are the nodes of somebody else's that connect to one: what they send and take, nobody counts.
func (s *Scenario) Strangers(to string) (out []string) {
	for _, c := range s.Connections() {
		if n := s.Node(c.From); c.To == to && n != nil && !n.BuiltIn() && !slices.Contains(out, n.Name) {
			out = append(out, n.Name)
		}
	}
	return out
}

// ImageCommand is what the image is run with: the node's own command, or that of a NATS whose messages are to be kept, which its usual
// image does not do by itself.
func (n *Node) ImageCommand() Words {
	if len(n.Command)+len(n.Entrypoint) == 0 && n.KeepsStreams() {
		return Words{"-js", "-m", "8222"}
	}
	return n.Command
}

// KeepsStreams tells a NATS whose messages JetStream keeps.
func (n *Node) KeepsStreams() bool {
	return n.Speaks() == parts.SpeaksNATS && n.Kind == KindQueue && n.Promise != AtMostOnce
}
