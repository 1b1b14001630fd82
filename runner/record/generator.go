package record

// Generator is the load generator's own honesty.
type Generator struct {
	// IntendedRate is the schedule's.
	IntendedRate float64 `json:"intended_rate" unit:"1/s"`
	// AchievedRate is what was sent.
	AchievedRate float64 `json:"achieved_rate" unit:"1/s"`
	// Intended requests of the phases.
	Intended int64 `json:"intended" unit:"requests"`
	// Sent are those of the intended that were sent.
	Sent int64 `json:"sent" unit:"requests"`
	// Unsent are those of the intended that were not.
	Unsent int64 `json:"unsent" unit:"requests"`
	// Unknown are those of the intended of which nobody knows what became: a generator of several was lost while they were, or may have
	// been, under way. They count as intended alone. Absent: of none.
	Unknown int64 `json:"unknown,omitempty" unit:"requests" since:"2026-12-01"`
	// LagMs is how late they were sent.
	LagMs Lag `json:"lag_ms"`
	// MaxInFlight is the most requests in flight seen.
	MaxInFlight int64 `json:"max_in_flight" unit:"requests"`
	// Limited tells that a stated limit was hit.
	Limited bool `json:"limited,omitempty"`
	// RanOut is what the generator itself ran out of, so that requests stayed unsent: file descriptors, local ports, memory for
	// sockets. Absent: of nothing.
	RanOut string `json:"ran_out,omitempty" since:"2026-11-29"`
	// Stalls are of closed loads whose users stood still for at least 1 % of their time. A user that waits sends nothing, so that what a
	// stall kept from being sent is in no count and in no latency: coordinated omission, by a closed load's design.
	Stalls []Stall `json:"stalls,omitempty" since:"2026-11-29"`
}

// Stall is how long the users of a closed load stood still in the phases: waited for more than ten times what is usual of the same
// request (the median of its answers), and for 100 ms more.
type Stall struct {
	// Load whose users they are.
	Load string `json:"load" since:"2026-11-29"`
	// TimeShare is the share of all users' time that they spent so, beyond what is usual.
	TimeShare float64 `json:"time_share" unit:"share" since:"2026-11-29"`
	// NotSent is about how many requests they would have sent in that time at their usual pace.
	NotSent int64 `json:"not_sent" unit:"requests" since:"2026-11-29"`
	// LongestS is the longest wait of them.
	LongestS float64 `json:"longest_s" since:"2026-11-29"`
}

// Lag is how late the generator sent requests after their intended time.
type Lag struct {
	// P50 is the median.
	P50 float64 `json:"p50" unit:"ms"`
	// P99 is the 99th percentile.
	P99 float64 `json:"p99" unit:"ms"`
	// Max is the greatest.
	Max float64 `json:"max" unit:"ms"`
}

// GeneratorPart is one of several generators that drove the load together: how it went, as it counted itself, and what is known of its clock.
type GeneratorPart struct {
	// Name of the generator: generator-1 and so on.
	Name string `json:"name" since:"2026-12-01"`
	// Intended requests of the phases that were its own to send.
	Intended int64 `json:"intended" unit:"requests" since:"2026-12-01"`
	// Sent are those of the intended that were sent.
	Sent int64 `json:"sent" unit:"requests" since:"2026-12-01"`
	// Unsent are those of the intended that were not.
	Unsent int64 `json:"unsent" unit:"requests" since:"2026-12-01"`
	// Unknown are those of which nobody knows what became: it was lost while they were, or may have been, under way. Absent: of none.
	Unknown int64 `json:"unknown,omitempty" unit:"requests" since:"2026-12-01"`
	// LagMs is how late it sent.
	LagMs Lag `json:"lag_ms" since:"2026-12-01"`
	// MaxInFlight is the most of its requests in flight.
	MaxInFlight int64 `json:"max_in_flight" unit:"requests" since:"2026-12-01"`
	// CPUs it used on average; null: that is not known.
	CPUs *float64 `json:"cpus" unit:"cores" since:"2026-12-01"`
	// Descriptors that it may have open at once (ulimit -n); null: that is not known.
	Descriptors *int64 `json:"descriptors" since:"2026-12-01"`
	// OffsetMs is how far its clock was ahead of the conductor's before the first request; times are by the conductor's.
	OffsetMs float64 `json:"offset_ms" since:"2026-12-01"`
	// DriftMs is by how much that had changed at the end; null: it was not measured again.
	DriftMs *float64 `json:"drift_ms" since:"2026-12-01"`
	// UncertaintyMs is how far its times may be off, by the way that a question to it and its answer took and by the drift.
	UncertaintyMs float64 `json:"uncertainty_ms" since:"2026-12-01"`
	// SilentMs is the longest that nothing was heard of it.
	SilentMs float64 `json:"silent_ms" since:"2026-12-01"`
	// Ended is how it ended: done, stopped (it was told to), its own error, or "lost: " and why.
	Ended string `json:"ended" since:"2026-12-01"`
}

// GeneratorLost begins what GeneratorPart.Ended says of one that was lost.
const GeneratorLost = "lost: "
