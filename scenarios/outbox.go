package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// Outbox says that a write has an event: that somebody else is to hear of it, over a queue.
type Outbox struct {
	Outbox  string `yaml:"outbox" json:"outbox,omitempty" doc:"write to a database: the row's event goes to this queue or stream. It is put down in the row's own transaction (a transactional outbox) and published from there with the row's key, in order and at least once; with idempotent, the queue takes it once."`
	EventOf string `yaml:"event_of" json:"event_of,omitempty" doc:"write to a queue or a stream: the message is the event of the row that an earlier step of the endpoint wrote to this database (a dual write). It has the row's id, so that rows without an event can be counted."`
}

// EventMark stands in the id of a row that has an event, before the name of the event's queue. No node's name holds it.
const EventMark = "@"

// EventQueue is the queue that a row's event goes to, by the row's id; "" if it has none.
func EventQueue(id string) string {
	_, queue, _ := strings.Cut(id, EventMark)
	return queue
}

// Eventful lists the databases whose rows have events, and the queues that those go to, each once and in order.
func (s *Scenario) Eventful() (databases, queues []string) {
	for _, n := range s.Nodes {
		n.eachStep(func(step *Step, _ []any) {
			switch {
			case step.Outbox.Outbox != "":
				databases, queues = append(databases, step.Write), append(queues, step.Outbox.Outbox)
			case step.EventOf != "":
				databases, queues = append(databases, step.EventOf), append(queues, step.Write)
			}
		})
	}
	slices.Sort(databases)
	slices.Sort(queues)
	return slices.Compact(databases), slices.Compact(queues)
}

// EventsOf gives the queue that the event of step n of a list of steps goes to, "" if it has none: by its own outbox, or
// by a later step that writes the event.
func EventsOf(steps []Step, n int) string {
	if steps[n].Outbox.Outbox != "" {
		return steps[n].Outbox.Outbox
	}
	for _, later := range steps[n+1:] {
		if later.EventOf != "" && later.EventOf == steps[n].Write {
			return later.Write
		}
	}
	return ""
}

// events checks a list of steps' outboxes, and that what is an event has its row.
func (v *validator) events(steps []Step, at []any) {
	for i := range steps {
		s, here := &steps[i], extend(at, i)
		if s.Outbox.Outbox != "" {
			v.outbox(s, extend(here, "outbox"))
		}
		if s.EventOf != "" {
			v.eventOf(s, steps[:i], extend(here, "event_of"))
		}
		v.events(s.Parallel, extend(here, "parallel"))
	}
}

func (v *validator) outbox(s *Step, at []any) {
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

func (v *validator) eventOf(s *Step, before []Step, at []any) {
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
