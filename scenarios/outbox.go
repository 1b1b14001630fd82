package scenarios

// Outbox says that a write has an event: that somebody else is to hear of it, over a queue.
type Outbox struct {
	// write to a database: the row's event goes to this queue or stream. It is put down in the row's own
	// transaction (a transactional outbox) and published from there with the row's key, in order and at least
	// once; with idempotent, the queue takes it once.
	Outbox string `yaml:"outbox" json:"outbox,omitempty"`
	// write to a queue or a stream: the message is the event of the row that an earlier step of the endpoint wrote
	// to this database (a dual write). It has the row's id, so that rows without an event can be counted.
	EventOf string `yaml:"event_of" json:"event_of,omitempty"`
}
