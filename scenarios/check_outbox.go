package scenarios

import (
	"fmt"
	"slices"
)

// events checks a list of steps' outboxes, and that what is an event has its row.
func (v *validator) events(steps []Step, at Path) {
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

func (v *validator) outbox(s *Step, at Path) {
	to, queue := v.node(s.Write), v.exists(s.Outbox.Outbox, at)
	switch {
	case s.Write == "" || to != nil && to.Kind.takesMessages():
		v.problem(at, "an outbox goes with a write to a database", "write: DATABASE, outbox: QUEUE")
	case len(s.Failover.Failover) > 0:
		v.problem(at, "an outbox does not go with failover", "leave one of them out")
	case queue != nil && !queue.Kind.takesMessages() && !v.unasked(queue, at):
		v.problem(at, fmt.Sprintf("%q is a %s, and an outbox publishes to a queue or a stream", queue.Name, queue.Kind), "name a queue or a stream")
	}
}

func (v *validator) eventOf(s *Step, before []Step, at Path) {
	to := v.node(s.Write)
	switch {
	case to != nil && !to.Kind.takesMessages() || s.Write == "":
		v.problem(at, "event_of goes with a write to a queue or a stream", "write: QUEUE, event_of: DATABASE")
	case !slices.ContainsFunc(before, func(b Step) bool { return b.Write == s.EventOf }):
		v.problem(at, fmt.Sprintf("no step before this one writes to %s", quoteShort(s.EventOf)), "put a step write: "+shorten(s.EventOf)+" before it")
	case slices.ContainsFunc(before, func(b Step) bool { return b.Write == s.EventOf && b.Outbox.Outbox != "" }):
		v.problem(at, "the row's event is in its outbox already", "leave one of them out")
	}
}
