package record

// Writes is the ledger of acknowledged writes, read back at the end.
type Writes struct {
	// Acknowledged writes: those that an answer to a user said are done.
	Acknowledged int64 `json:"acknowledged" unit:"writes"`
	// InPhases are those of them that answers to requests of the phases acknowledged; the others are the warm-up's. Absent in
	// older records.
	InPhases *int64 `json:"in_phases,omitempty" unit:"writes" since:"2026-11-29"`
	// Lost are acknowledged and not there at the end.
	Lost int64 `json:"lost" unit:"writes"`
	// Duplicated are surplus copies of a write, acknowledged or not.
	Duplicated int64 `json:"duplicated" unit:"writes"`
	// Events is how many rows have an event.
	Events int64 `json:"events,omitempty" unit:"events" since:"2026-11-25"`
	// EventsLost are neither in their queue nor in an outbox.
	EventsLost int64 `json:"events_lost" unit:"events" since:"2026-11-25"`
	// EventsDuplicated are surplus copies in the queues.
	EventsDuplicated int64 `json:"events_duplicated" unit:"events" since:"2026-11-25"`
	// EventsPending are in an outbox alone.
	EventsPending int64 `json:"events_pending,omitempty" unit:"events" since:"2026-11-25"`
	// Checked tells that the databases could be read back.
	Checked bool `json:"checked"`
	// Why they could not.
	Why string `json:"why,omitempty"`
	// Sample names a few that were lost.
	Sample []string `json:"sample,omitempty"`
	// Unknown: sent, and their users can't know. They are counted of loads with a read_back.
	Unknown int64 `json:"unknown,omitempty" unit:"writes" since:"2026-11-29"`
	// Reordered stand behind a write of their key that was sent when they had been acknowledged. Absent where no read back has an order.
	Reordered *int64 `json:"reordered,omitempty" unit:"writes" since:"2026-11-29"`
	// Loads are the accounts of loads with a read_back, whose writes are among all the figures above: what they wrote is read back as they
	// say, and not from the built-in stores. writes.jsonl has each write.
	Loads []LoadWrites `json:"loads,omitempty" since:"2026-11-29"`
}
