package faults

// Receipt is what a fault did while it was on, as the edge or node that carried it counted. A
// fault whose receipt is empty hit nothing, and a run with such a fault is inconclusive.
type Receipt struct {
	// Connections that it touched: open ones that carried bytes under it, and new ones that it met.
	Connections int64 `json:"connections"`
	// Requests is how often the direction turned to the callee under it: requests of a request-answer protocol.
	Requests int64 `json:"requests"`
	// Bytes that passed through it, were held by it or lost in it.
	Bytes int64 `json:"bytes"`
	// Refused, Hung, Reset, Closed: new and open connections that met that end.
	Refused int64 `json:"refused,omitempty"`
	Hung    int64 `json:"hung,omitempty"`
	Reset   int64 `json:"reset,omitempty"`
	Closed  int64 `json:"closed,omitempty"`
	Lost    int64 `json:"lost_bytes,omitempty"`
	// DelayMs is the mean delay that it added to a piece of data it delayed.
	DelayMs float64 `json:"delay_ms,omitempty"`
}

// Met tells whether any traffic met the fault.
func (r Receipt) Met() bool {
	return r.Connections+r.Requests+r.Bytes+r.Refused+r.Hung+r.Reset+r.Closed > 0
}

// Add sums two receipts; the delay is weighted by requests, or by connections where none were seen.
func (r Receipt) Add(o Receipt) Receipt {
	w := func(r Receipt) float64 { return float64(max(r.Requests, r.Connections)) }
	if total := w(r) + w(o); total > 0 {
		r.DelayMs = (r.DelayMs*w(r) + o.DelayMs*w(o)) / total
	}
	r.Connections += o.Connections
	r.Requests += o.Requests
	r.Bytes += o.Bytes
	r.Refused += o.Refused
	r.Hung += o.Hung
	r.Reset += o.Reset
	r.Closed += o.Closed
	r.Lost += o.Lost
	return r
}
