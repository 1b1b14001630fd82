package record

import "time"

// Version of result.json. Fields are added, never renamed.
const Version = 1

// Verdict of a run.
type Verdict string

// The verdicts.
const (
	Pass         Verdict = "pass"
	Fail         Verdict = "fail"
	Inconclusive Verdict = "inconclusive"
)

// Result is result.json.
type Result struct {
	Version  int     `json:"version"`
	Scenario string  `json:"scenario"`
	About    string  `json:"about,omitempty"`
	Variant  string  `json:"variant"`
	Engine   string  `json:"engine"`
	Why      string  `json:"engine_why,omitempty"`
	Seed     uint64  `json:"seed"`
	Run      string  `json:"run"`
	Verdict  Verdict `json:"verdict"`
	// Reasons say why the verdict is what it is, worst first.
	Reasons   []string  `json:"reasons"`
	Started   time.Time `json:"started"`
	Partial   bool      `json:"partial,omitempty"` // the run was interrupted
	DurationS float64   `json:"duration_s"`
	Command   string    `json:"command,omitempty"`
	Host      Host      `json:"host"`

	Phases       []Phase       `json:"phases"`
	Expectations []Expectation `json:"expectations"`
	Faults       []Fault       `json:"faults"`
	Edges        []Edge        `json:"edges"`
	Nodes        []Node        `json:"nodes"`
	Generator    Generator     `json:"generator"`
	Writes       Writes        `json:"writes"`
	// Checks are the run's own validity: generator lag, Little's law, flow conservation, steady state, receipts.
	Checks []Check `json:"checks"`
	Events []Event `json:"events"`
	// Windows are kept beside result.json, in windows.jsonl.
	Windows []Window `json:"-"`
}

// Host is where it ran.
type Host struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	// Squall is the program's version.
	Squall string `json:"squall"`
	// HarnessCPUs is the CPU that squall itself (generator and mesh) used, in cores, on average.
	HarnessCPUs float64 `json:"harness_cpus"`
}

// Phase is one phase's figures.
type Phase struct {
	Name     string    `json:"name"`
	StartS   float64   `json:"start_s"`
	EndS     float64   `json:"end_s"`
	Requests []Request `json:"requests"`
	// Edges are those that something crossed in this phase.
	Edges []Edge `json:"edges,omitempty"`
}

// Request is one kind of request in one phase. Sent counts intended requests whose intended time
// was in the phase, unsent ones included; ok + degraded + failed = sent, always. At the edges of a fault two sorts count to
// the fault's phase: those still unanswered when it came on, and those intended in the 50 ms in which it was lifted.
type Request struct {
	Load     string `json:"load"`
	Request  string `json:"request"`
	Sent     int64  `json:"sent"`
	OK       int64  `json:"ok"`
	Degraded int64  `json:"degraded"`
	Failed   int64  `json:"failed"`
	Unsent   int64  `json:"unsent,omitempty"`
	// StaleReads are those to which a replica showed less than what their user had written before.
	StaleReads int64   `json:"stale_reads,omitempty"`
	Rate       float64 `json:"rate"`
	// Goodput is ok + degraded answers a second.
	Goodput   float64          `json:"goodput"`
	LatencyMs Latency          `json:"latency_ms"`
	ServiceMs Latency          `json:"service_ms"` // from the actual send time
	Errors    map[string]int64 `json:"errors"`
}

// Latency in ms, of every request that was sent (failed ones too), from the intended time.
type Latency struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// Expectation is one line of expect, judged. Holds is nil where it could not be told.
type Expectation struct {
	Text     string `json:"text"`
	In       string `json:"in"`
	Of       string `json:"of"`
	Measured string `json:"measured"`
	Holds    *bool  `json:"holds"`
	Why      string `json:"why,omitempty"`
	Line     int    `json:"line,omitempty"`
}

// Fault is one fault as it was carried out. Times are seconds from the start of the first phase.
type Fault struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Text       string   `json:"text"`
	On         string   `json:"on"`
	Phase      string   `json:"phase"`
	Edges      []string `json:"edges,omitempty"`
	Instances  []string `json:"instances,omitempty"`
	ScheduledS float64  `json:"scheduled_s"`
	AppliedS   *float64 `json:"applied_s"`
	UndoneS    *float64 `json:"undone_s"`
	// ScheduledUndoS is when it was to end.
	ScheduledUndoS float64 `json:"scheduled_undo_s"`
	// RecoveredAfterS counts from when it was undone; nil: not recovered by the end of the run (or nothing had degraded: then 0).
	RecoveredAfterS *float64 `json:"recovered_after_s"`
	// RecoveredFromOnsetS is the second clock: from when it was applied.
	RecoveredFromOnsetS *float64 `json:"recovered_from_onset_s"`
	// DetectedAfterS is from onset to the first window outside the steady state; nil: users never felt it.
	DetectedAfterS *float64 `json:"detected_after_s"`
	Metastable     bool     `json:"metastable,omitempty"`
	// RecoveryUntold says why detection and recovery could not be told, where they could not (then all of them are nil).
	RecoveryUntold string  `json:"recovery_untold,omitempty"`
	Error          string  `json:"error,omitempty"`
	Receipt        Receipt `json:"receipt"`
}

// Receipt shows that a fault bit: what met it, and whether it moved as promised.
type Receipt struct {
	Met         bool    `json:"met"`
	Connections int64   `json:"connections"`
	Requests    int64   `json:"requests"`
	Bytes       int64   `json:"bytes"`
	Refused     int64   `json:"refused,omitempty"`
	Hung        int64   `json:"hung,omitempty"`
	Reset       int64   `json:"reset,omitempty"`
	Closed      int64   `json:"closed,omitempty"`
	LostBytes   int64   `json:"lost_bytes,omitempty"`
	DelayMs     float64 `json:"delay_ms,omitempty"`
	Text        string  `json:"text"`
}

// Edge is what crossed one connection of the topology, over the phases (the warm-up not counted).
type Edge struct {
	Name     string `json:"name"`
	From     string `json:"from"` // node or load
	To       string `json:"to"`
	FromInst string `json:"from_instance"`
	ToInst   string `json:"to_instance"`
	// Attempts, Retries and Failures as the caller counted them; where the caller is an image, Attempts is what the mesh saw.
	Attempts int64 `json:"attempts"`
	Retries  int64 `json:"retries"`
	Failures int64 `json:"failures"`
	// Amplification is attempts over this edge's node pair per user request that needs it at least once (organic calls).
	Amplification float64 `json:"amplification"`
	Connections   int64   `json:"connections"`
	Open          int64   `json:"open"`
	Requests      int64   `json:"requests"` // as the mesh saw them
	BytesUp       int64   `json:"bytes_up"`
	BytesDown     int64   `json:"bytes_down"`
	FirstByteMs   float64 `json:"first_byte_ms"` // mean time from a request's first byte to its answer's
	// Delivery is what a queue or a stream delivered over it; nil on all other edges. Where the callee has several instances, each
	// of its edges from one caller instance says the same.
	Delivery *Delivery `json:"delivery,omitempty"`
}

// Delivery counts what one instance of a queue or a stream delivered to a node, and what it has still to deliver at the end.
type Delivery struct {
	Delivered int64 `json:"delivered"`
	// Fresh are those that came within the freshness that the scenario gives.
	Fresh   int64 `json:"fresh"`
	Dead    int64 `json:"dead"`
	Expired int64 `json:"expired"`
	Backlog int64 `json:"backlog"`
	// LagS is how long the first of the backlog has waited, in s.
	LagS float64 `json:"lag_s"`
}

// Node is one instance's counters: in flight, queue, shed, cache hits, breaker changes ... by their metric names.
type Node struct {
	Name     string             `json:"name"`
	Instance string             `json:"instance"`
	Kind     string             `json:"kind"`
	Restarts int                `json:"restarts"`
	Counters map[string]float64 `json:"counters"`
}

// Generator is the load generator's own honesty.
type Generator struct {
	IntendedRate float64 `json:"intended_rate"`
	AchievedRate float64 `json:"achieved_rate"`
	Intended     int64   `json:"intended"`
	Sent         int64   `json:"sent"`
	Unsent       int64   `json:"unsent"`
	LagMs        Lag     `json:"lag_ms"`
	// MaxInFlight is the most requests in flight seen; Limited tells that a stated limit was hit.
	MaxInFlight int64 `json:"max_in_flight"`
	Limited     bool  `json:"limited,omitempty"`
}

// Lag is how late the generator sent, in ms.
type Lag struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// Writes is the ledger of acknowledged writes, read back at the end.
type Writes struct {
	Acknowledged int64 `json:"acknowledged"`
	Lost         int64 `json:"lost"`
	Duplicated   int64 `json:"duplicated"`
	// Events is how many rows have an event. EventsLost of them are neither in their queue nor in an outbox, EventsPending
	// in an outbox alone; EventsDuplicated is surplus copies in the queues.
	Events           int64 `json:"events,omitempty"`
	EventsLost       int64 `json:"events_lost"`
	EventsDuplicated int64 `json:"events_duplicated"`
	EventsPending    int64 `json:"events_pending,omitempty"`
	// Checked tells that the databases could be read back; Why says why not.
	Checked bool     `json:"checked"`
	Why     string   `json:"why,omitempty"`
	Sample  []string `json:"sample,omitempty"` // a few that were lost
}

// Check is one of the run's own validity checks. A failed one makes the run inconclusive.
type Check struct {
	Name string `json:"name"`
	Text string `json:"text"`
	OK   bool   `json:"ok"`
}

// Event is something that happened, at AtS seconds from the start of the first phase.
type Event struct {
	AtS  float64 `json:"at_s"`
	Kind string  `json:"kind"` // phase, fault, undo, node, note
	Text string  `json:"text"`
}

// Window is one second of one kind of request in one phase, by intended time.
type Window struct {
	Second   int    `json:"second"` // floor of the intended time in s, so -2 is in the warm-up
	Phase    string `json:"phase"`
	Load     string `json:"load"`
	Request  string `json:"request"`
	Sent     int64  `json:"sent"`
	OK       int64  `json:"ok"`
	Degraded int64  `json:"degraded"`
	Failed   int64  `json:"failed"`
	// Histogram is the latencies (HDR, us, 3 digits, up to 10 min), in the HDR V2 compressed encoding, base64.
	Histogram string `json:"histogram"`
}
