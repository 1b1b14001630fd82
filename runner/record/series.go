package record

// Moment is one reading of every counter of a run, about one a second (a longer run is read less often), and at each
// phase's begin: one line of series.jsonl.
type Moment struct {
	// AtS is when it was read.
	AtS float64 `json:"at_s"`
	// Nodes are what each instance counted, by its name and the metric's: of counters (their names end in _total, _count or
	// _sum) the difference from the moment before, of gauges how they stood. What is 0 is left out.
	Nodes map[string]map[string]float64 `json:"nodes"`
	// Edges are what crossed each edge since the moment before, by its name. Edges that nothing crossed are left out.
	Edges map[string]Crossing `json:"edges"`
	// Unread are the instances that did not answer: what they counted is unknown here, and in the first difference after. So it is of one that
	// has ended before it could be asked, here alone. Of an image that is what it tells itself: its CPU time stands.
	Unread []string `json:"unread,omitempty"`
}

// Crossing is what crossed one edge between two moments. Attempts and what became of them are the caller's own counts, and
// absent where the caller counts none (a load, an image): requests are what the mesh saw.
type Crossing struct {
	// Attempts begun.
	Attempts int64 `json:"attempts,omitempty" unit:"attempts"`
	// Retries are those that repeat one before.
	Retries int64 `json:"retries,omitempty" unit:"attempts"`
	// Failures are the attempts that failed in this time, whenever they were begun.
	Failures int64 `json:"failures,omitempty" unit:"attempts"`
	// GaveUp are those that the caller gave up in this time.
	GaveUp int64 `json:"gave_up,omitempty" unit:"attempts"`
	// InFlight is how many were under way at the moment.
	InFlight int64 `json:"in_flight,omitempty" unit:"attempts"`
	// Requests as the mesh saw them.
	Requests int64 `json:"requests,omitempty" unit:"requests"`
	// Connections opened.
	Connections int64 `json:"connections,omitempty" unit:"connections"`
	// Open connections at the moment.
	Open int64 `json:"open,omitempty" unit:"connections"`
	// FirstByteMs is the mean time to first byte of the answers that began in this time; 0 where none did.
	FirstByteMs float64 `json:"first_byte_ms,omitempty"`
}
