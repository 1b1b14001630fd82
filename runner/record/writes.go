package record

// Writes is the ledger of acknowledged writes, read back at the end.
type Writes struct {
	// Acknowledged writes: those that an answer to a user said are done.
	Acknowledged int64 `json:"acknowledged" unit:"writes"`
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
}
