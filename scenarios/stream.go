package scenarios

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Stream is a log that is read by several: every subscriber gets every message, at its own pace and from a position
// of its own. Messages of one key are in one partition, and a subscriber gets a partition's messages in order,
// one at a time.
type Stream struct {
	Partitions  int           `yaml:"partitions" min:"1" json:"partitions,omitempty" doc:"stream: how many parts the log has. A key's messages are in one of them, in order; a subscriber takes one message of each part at a time. Default 1."`
	Retain      time.Duration `yaml:"retain" sign:"positive" json:"retain,omitempty" doc:"stream: how long messages are kept that every subscriber has had, for a replay. Default none are."`
	Subscribers []*Subscriber `yaml:"subscribers" json:"subscribers,omitempty" doc:"stream: who gets every message, each by a name of its own: {search: {to: NODE METHOD /path}}."`
}

// takesMessages tells a kind that a write step sends a message to.
func (k Kind) takesMessages() bool { return k == KindQueue || k == KindStream }

// Subscriber is one reader of a stream, with a position of its own in each partition.
type Subscriber struct {
	Name    string `yaml:"-" json:"name"`
	To      *Call  `yaml:"to" need:"yes" json:"to" doc:"Where its messages are delivered, as NODE METHOD /path; {key} and {id} in it are the message's."`
	Workers int    `yaml:"workers" min:"1" json:"workers,omitempty" doc:"Deliveries at once. Default, and at most: one for each partition."`

	Redelivery `yaml:",inline"`
	// Policy is over that of the stream. Its retry says how attempts back off; redeliver says how many there are.
	Policy `yaml:",inline"`
}

// Receivers are the subscribers of a stream at a node, or a queue's receiver as one of that node's name.
func (n *Node) Receivers(at string) (out []*Subscriber) {
	if n.To != nil && n.To.Node == at {
		out = append(out, &Subscriber{Name: n.To.Node, To: n.To, Workers: n.Workers, Redelivery: n.Redelivery})
	}
	for _, s := range n.Subscribers {
		if s.To != nil && s.To.Node == at {
			out = append(out, s)
		}
	}
	return out
}

// subscribers reads a mapping of names to subscribers, in the file's order.
func (d *decoder) subscribers(v *value) []*Subscriber {
	const fix = "write subscribers: {NAME: {to: NODE METHOD /path}}"
	if v.kind != mapping {
		d.problem(v, "subscribers needs a mapping of names to subscribers, not "+v.what(), fix)
		return nil
	}
	out := make([]*Subscriber, 0, len(v.entries))
	for _, e := range v.entries {
		one := &Subscriber{Name: e.key}
		out = append(out, one)
		d.name("subscriber", e)
		if e.value.isNull() {
			d.problemAt(e.at, fmt.Sprintf("subscriber %q is empty", shorten(e.key)), "write {to: NODE METHOD /path}")
			continue
		}
		d.structure(e.value, reflect.ValueOf(one).Elem(), d.fieldsOf(reflect.TypeFor[Subscriber]()))
	}
	return out
}

// stream checks what a stream must have, and that what it has is of use.
func (v *validator) stream(n *Node) {
	if n.Kind != KindStream {
		return
	}
	at := path("topology", n.Name)
	if n.Replicas > 1 {
		v.problem(extend(at, "replicas"), fmt.Sprintf("stream %q has replicas, each of them a log of its own", n.Name), "take them away; partitions: let more be delivered at once")
	}
	if list := v.valueAt(extend(at, "subscribers")); list != nil && list.kind == mapping && len(list.entries) == 0 {
		v.problem(extend(at, "subscribers"), fmt.Sprintf("stream %q has nobody to deliver to", n.Name), "add a subscriber, as in {search: {to: NODE METHOD /path}}")
	}
	for _, s := range n.Subscribers {
		if most := max(n.Partitions, 1); s.Workers > most {
			v.problem(extend(at, "subscribers", s.Name, "workers"), fmt.Sprintf("%d workers can't be busy with %d at once: it is one for each of the partitions", s.Workers, most), "add partitions, or leave it out")
		}
	}
}

// deliveries checks where a queue and the subscribers of a stream deliver to.
func (v *validator) deliveries(n *Node) {
	if n.To != nil {
		v.delivered(n.To, path("topology", n.Name, "to"))
	}
	for _, s := range n.Subscribers {
		if s.To != nil {
			v.delivered(s.To, path("topology", n.Name, "subscribers", s.Name, "to"))
		}
	}
}

// delivered checks one receiver: it is there, it answers, and its path takes what a message has.
func (v *validator) delivered(c *Call, at []any) {
	v.called(c, at)
	for _, p := range anyParameter.FindAllString(c.Path, -1) {
		if p != "{key}" && p != "{id}" {
			v.problem(at, fmt.Sprintf("a message has no %s to put into the path", shorten(strings.Trim(p, "{}"))), "write {key} or {id}, or a fixed path")
		}
	}
}
