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
