package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/parts"
)

// queue checks what a queue promises whoever pops, and that somebody gets its messages.
func (v *Checker) queue(n *scenarios.Node) {
	at := scenarios.At("topology", n.Name)
	if n.Kind != scenarios.KindQueue { // of which what is external alone has got here
		for key, said := range map[string]bool{"delivery": n.Promise != "", "ack_within": n.AckWithin != 0} {
			if said {
				v.Problem(at.Key(key), fmt.Sprintf("%s does not belong to a %s", key, n.Kind), "it is for a queue; take it away")
			}
		}
		return
	}
	if n.Promise != "" && n.To != nil {
		v.Problem(at.Key("delivery"), fmt.Sprintf("%q delivers by itself, at least once", n.Name), "take it away, or to: a step pop takes messages as delivery says")
	}
	if n.AckWithin == 0 {
		return
	}
	switch here := at.Key("ack_within"); {
	case n.To != nil:
		v.Problem(here, fmt.Sprintf("%q delivers by itself, and a delivery has its timeout", n.Name), "write timeout")
	case n.Promise == scenarios.AtMostOnce:
		v.Problem(here, "what is given away at most once is not acknowledged", "take it or delivery: at_most_once away")
	case n.Speaks() == parts.SpeaksAMQP:
		v.Problem(here, fmt.Sprintf("%q is RabbitMQ, which waits for an acknowledgement for as long as its connection is there", n.Name), "take it away")
	case n.Speaks() == parts.SpeaksKafka:
		v.Problem(here, fmt.Sprintf("%q is Kafka, which waits for a commit for as long as its consumer is there", n.Name), "take it away")
	}
}

// needsReceiver tells a queue that nobody gets messages from.
func (v *Checker) needsReceiver(n *scenarios.Node) bool {
	return n.Kind == scenarios.KindQueue && len(v.Takers(n.Name)) == 0
}

// popped checks a step that takes a message: from what it can, alone in its endpoint, and in a time that it has.
func (v *Checker) popped(s *scenarios.Step, match string, at scenarios.Path) {
	if s.Pop.Pop == "" {
		return
	}
	here := at.Key("pop")
	e := v.endpointAt(at)
	switch {
	case len(at) > 5: // topology, NODE, endpoints, MATCH, n: it is within parallel
		v.Problem(here, "a pop is within parallel, and what the steps beside it would be about is not known", "put it before parallel")
	case e != nil && firstPop(e.Steps) != at[4].Index:
		v.Problem(here, "a second pop: a request takes one message", "give it an endpoint of its own")
	}
	for _, p := range []string{scenarios.ParamKey, scenarios.ParamID} {
		if strings.Contains(match, "{"+p+"}") || strings.Contains(match, "{"+p+"...}") {
			v.Problem(here, fmt.Sprintf("{%s} is the endpoint's, and the message's from here on", p), "name the endpoint's otherwise, as in {item}")
		}
	}
	timeout := s.Timeout
	if n := v.node(at[1].Key); n != nil {
		timeout = cmp.Or(timeout, n.Timeout)
	}
	if s.Wait > 0 && timeout > 0 && s.Wait >= timeout {
		v.Problem(at.Key("wait"), fmt.Sprintf("it waits %s for a message, and gives up after %s", s.Wait, timeout), "use less than its timeout")
	}
	v.poppedFrom(v.node(s.Pop.Pop), here)
}

// poppedFrom checks that messages can be taken from a node.
func (v *Checker) poppedFrom(n *scenarios.Node, at scenarios.Path) {
	switch {
	case n == nil || n.Kind == "":
	case n.Kind == scenarios.KindStream:
		v.Problem(at, fmt.Sprintf("%q is a stream, whose subscribers it delivers to by itself", n.Name), "give it a subscriber, or make it a queue")
	case n.Kind == scenarios.KindCache && n.Speaks() == parts.SpeaksRedis:
		v.Problem(at, fmt.Sprintf("%q is a cache: what a list of it gives away is acknowledged to nobody, and no step puts anything on one", n.Name), "name a queue: built in, RabbitMQ, NATS or Kafka")
	case n.Kind != scenarios.KindQueue:
		v.Problem(at, fmt.Sprintf("pop needs a queue, and %q is a %s", n.Name, n.Kind), "name a node of kind queue")
	case n.To != nil:
		v.Problem(at, fmt.Sprintf("%q delivers its messages to %s by itself", n.Name, n.To.Node), "take to: away from it, or the pop")
	case n.External != nil && n.Speaks() == "":
		v.Problem(at, fmt.Sprintf("how %q is spoken to is not known", n.Name), "say what it is, as in part: rabbitmq")
	}
}

// endpointAt is the endpoint that a step's path is in.
func (v *Checker) endpointAt(at scenarios.Path) *scenarios.Endpoint {
	if len(at) < 5 || at[0].Key != "topology" || at[2].Key != "endpoints" {
		return nil
	}
	n := v.node(at[1].Key)
	if v.only != nil && v.only.Name == at[1].Key {
		n = v.only
	}
	if n == nil {
		return nil
	}
	if i := slices.IndexFunc(n.Endpoints, func(e *scenarios.Endpoint) bool { return e.Match == at[3].Key }); i >= 0 {
		return n.Endpoints[i]
	}
	return nil
}

// firstPop is the place of the step that takes a message, -1 where none does.
func firstPop(steps []scenarios.Step) int {
	return slices.IndexFunc(steps, func(s scenarios.Step) bool { return s.Pop.Pop != "" })
}

// parametersAt are those that a step has: its endpoint's, and after a pop the message's.
func (v *Checker) parametersAt(match string, at scenarios.Path) []string {
	var has []string
	for _, p := range grammar.AnyParameter.FindAllString(match, -1) {
		has = append(has, strings.TrimSuffix(strings.Trim(p, "{}"), "..."))
	}
	if e := v.endpointAt(at); e != nil {
		if pop := firstPop(e.Steps); pop >= 0 && at[4].Index > pop {
			has = append(has, scenarios.ParamKey, scenarios.ParamID)
		}
	}
	return has
}

// brokered checks what a write to a real broker can't have.
func (v *Checker) brokered(s *scenarios.Step, at scenarios.Path) {
	to := v.node(s.Write)
	if s.Idempotent && to != nil {
		switch {
		case to.Speaks() == parts.SpeaksAMQP:
			v.Problem(at.Key("idempotent"), fmt.Sprintf("%q is RabbitMQ, which keeps no keys of messages", s.Write), "take it away: who receives has to know what it has seen")
		case to.Speaks() == parts.SpeaksKafka:
			v.Problem(at.Key("idempotent"), fmt.Sprintf("%q is Kafka, which tells its producer's own retries from one another, and keeps no keys of messages", s.Write), "take it away: who receives has to know what it has seen")
		case to.KeepsNothing():
			v.Problem(at.Key("idempotent"), fmt.Sprintf("%q is core NATS, which keeps no keys of messages", s.Write), "take it away, or its delivery: at_most_once")
		}
	}
	if s.EventOf != "" && to != nil && to.KeepsNothing() {
		v.Problem(at.Key("event_of"), fmt.Sprintf("%q is core NATS, which keeps no message, so that no row's event can be looked for in it", s.Write), "take it away, or its delivery: at_most_once")
	}
	for i, other := range s.Failover.Failover {
		if o := v.node(other); to != nil && o != nil && (realBroker(to) != "" || realBroker(o) != "") && to.Speaks() != o.Speaks() {
			v.Problem(at.Key("failover").Item(i), fmt.Sprintf("%q and %q are not spoken to in the same way: one of them is %s", s.Write, other, cmp.Or(realBroker(to), realBroker(o))), "use two of a kind, or fallback: {write: NODE}")
		}
	}
}

// realBroker is what a node is called that is spoken to as a real broker is; "": it is none.
func realBroker(n *scenarios.Node) string {
	switch n.Speaks() {
	case parts.SpeaksAMQP:
		return "RabbitMQ"
	case parts.SpeaksNATS:
		return "NATS"
	case parts.SpeaksKafka:
		return "Kafka"
	}
	return ""
}
