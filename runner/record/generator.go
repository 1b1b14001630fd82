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
