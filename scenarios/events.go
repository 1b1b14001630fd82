package scenarios

import (
	"slices"
	"strings"
)

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
		n.EachStep(func(step *Step, _ Path) {
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
