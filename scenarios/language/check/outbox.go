package check

import (
	"fmt"
	"slices"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
	"github.com/squallhq/squall/scenarios/source"
)

// events checks a list of steps' outboxes, and that what is an event has its row.
func (v *Checker) events(steps []scenarios.Step, at scenarios.Path) {
	for i := range steps {
		s, here := &steps[i], at.Item(i)
		if s.Outbox.Outbox != "" {
			v.outbox(s, here.Key("outbox"))
		}
		if s.EventOf != "" {
			v.eventOf(s, steps[:i], here.Key("event_of"))
		}
		v.events(s.Parallel, here.Key("parallel"))
	}
}

func (v *Checker) outbox(s *scenarios.Step, at scenarios.Path) {
	to, queue := v.node(s.Write), v.node(s.Outbox.Outbox)
	switch {
	case s.Write == "" || to != nil && to.Kind.TakesMessages():
		v.Problem(at, "an outbox goes with a write to a database", "write: DATABASE, outbox: QUEUE")
	case to != nil && to.Speaks() == parts.SpeaksMySQL:
		v.Problem(at, fmt.Sprintf("%q speaks MySQL's protocol, and outboxes are carried out in PostgreSQL", s.Write), "use part: postgres, or the built-in database")
	case queue != nil && realBroker(queue) != "":
		v.Problem(at, fmt.Sprintf("%q is %s, and the relay of an outbox publishes to a built-in queue or stream", queue.Name, realBroker(queue)), "take image and part away from it")
	case len(s.Failover.Failover) > 0:
		v.Problem(at, "an outbox does not go with failover", "leave one of them out")
	case queue != nil && !queue.Kind.TakesMessages() && !v.unasked(queue, at):
		v.Problem(at, fmt.Sprintf("%q is a %s, and an outbox publishes to a queue or a stream", queue.Name, queue.Kind), "name a queue or a stream")
	}
}

func (v *Checker) eventOf(s *scenarios.Step, before []scenarios.Step, at scenarios.Path) {
	to := v.node(s.Write)
	switch {
	case to != nil && !to.Kind.TakesMessages() || s.Write == "":
		v.Problem(at, "event_of goes with a write to a queue or a stream", "write: QUEUE, event_of: DATABASE")
	case !slices.ContainsFunc(before, func(b scenarios.Step) bool { return b.Write == s.EventOf }):
		v.Problem(at, fmt.Sprintf("no step before this one writes to %s", source.QuoteShort(s.EventOf)), "put a step write: "+source.Shorten(s.EventOf)+" before it")
	case slices.ContainsFunc(before, func(b scenarios.Step) bool { return b.Write == s.EventOf && b.Outbox.Outbox != "" }):
		v.Problem(at, "the row's event is in its outbox already", "leave one of them out")
	}
}
