package record

import "time"

// Status is a run at one moment, for whoever shows progress.
type Status struct {
	// State is launching, warming up, running, recovering, tearing down or done.
	State   string
	Message string // what is being done, or has just happened; a new line in plain output
	Phase   string
	// Elapsed of Total counts from the start of the first phase.
	Elapsed, Total time.Duration
	// Over the last whole second (by intended time): Rate intended a second, Success a share, P99.
	Rate    float64
	Success float64
	P99     time.Duration
	Faults  []string // active ones
}
