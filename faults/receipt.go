package faults

import "slices"

// Receipt is what a fault did while it was on, as the edge or node that carried it counted, and what was done of one that
// is done once. A fault whose receipt is empty hit nothing, and a run with such a fault is inconclusive.
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
	// DelayMs is the mean time for which it really held a piece of data that it let go on; Delays is how many those were.
	DelayMs float64 `json:"delay_ms,omitempty"`
	Delays  int64   `json:"delays,omitempty"`
	// CutShort is how many of them went on before their time, since the fault was lifted; FullDelayMs is the mean of the
	// others, which is what a promise can be held against.
	CutShort    int64   `json:"cut_short,omitempty"`
	FullDelayMs float64 `json:"full_delay_ms,omitempty"`
	// Crossed is how many requests crossed its edges while it was to be on, CrossedConnections how many connections were
	// open then or were made.
	Crossed            int64 `json:"crossed,omitempty"`
	CrossedConnections int64 `json:"crossed_connections,omitempty"`
	// Spread is how far apart in time those came that carried it out together; nil: there was one alone.
	Spread *Spread `json:"spread,omitempty"`
	// Deeds are what instances have done that were asked to do something once, which counts no traffic: what was done does not
	// depend on who came by meanwhile. Or they are what became of instances beside the traffic that met them.
	Deeds []Deed `json:"deeds,omitempty"`
}

// Coverage is the share of the requests that crossed the edges while the fault was to be on, or whose connection was refused or left without an
// answer by then (each SYN as often as it was sent: who waits for a connection has met what keeps it from it), that met it; of connections
// where no request came through. False: nothing crossed, or nobody counted.
func (r Receipt) Coverage() (float64, bool) {
	turned := r.Refused + r.Hung
	switch {
	case r.Crossed > 0:
		return min(1, float64(r.Requests+turned)/float64(r.Crossed+turned)), true
	case r.CrossedConnections > 0:
		return min(1, float64(r.Connections)/float64(r.CrossedConnections)), true
	case turned > 0 && r.Requests+r.Connections == 0:
		return 1, true
	}
	return 0, false
}

// Met tells whether any traffic met the fault, or, of one that is done once, whether anything was done.
func (r Receipt) Met() bool {
	return slices.ContainsFunc(r.Deeds, func(d Deed) bool { return !d.Unread && d.N > 0 && d.What != Lost && d.What != Drained }) || r.traffic()
}

// traffic tells that some met it.
func (r Receipt) traffic() bool {
	return r.Connections+r.Requests+r.Bytes+r.Refused+r.Hung+r.Reset+r.Closed > 0
}

// Add sums two receipts; delays are weighted by how many there were, or, where nobody counted those, by requests or else connections.
func (r Receipt) Add(o Receipt) Receipt {
	weight := func(r Receipt) float64 { return float64(max(r.Requests, r.Connections)) }
	if r.Delays+o.Delays > 0 {
		weight = func(r Receipt) float64 { return float64(r.Delays) }
	}
	full := func(r Receipt) float64 { return float64(r.Delays - r.CutShort) }
	r.DelayMs, r.FullDelayMs = mean(r.DelayMs, weight(r), o.DelayMs, weight(o)), mean(r.FullDelayMs, full(r), o.FullDelayMs, full(o))
	r.Delays += o.Delays
	r.CutShort += o.CutShort
	r.Crossed += o.Crossed
	r.CrossedConnections += o.CrossedConnections
	r.Connections += o.Connections
	r.Requests += o.Requests
	r.Bytes += o.Bytes
	r.Refused += o.Refused
	r.Hung += o.Hung
	r.Reset += o.Reset
	r.Closed += o.Closed
	r.Lost += o.Lost
	r.Spread = r.Spread.add(o.Spread)
	r.Deeds = append(r.Deeds[:len(r.Deeds):len(r.Deeds)], o.Deeds...)
	return r
}

// mean is the mean of two means of so many; without any, the first.
func mean(a, na, b, nb float64) float64 {
	if na+nb == 0 {
		return a
	}
	return (a*na + b*nb) / (na + nb)
}
