package faults

import (
	"encoding/json"
	"fmt"
	"time"
)

// Toxic is a toxiproxy toxic on an edge, in toxiproxy's own vocabulary (so that its clients see
// what we set), with two additions: Per, and attributes beyond toxiproxy's ("shape" of a latency).
type Toxic struct {
	Name string `json:"name,omitempty"`
	// Type is toxiproxy's: latency, bandwidth, slow_close, timeout, reset_peer, slicer, limit_data.
	Type string `json:"type"`
	// Stream is upstream (caller to callee) or downstream (callee to caller).
	Stream string `json:"stream"`
	// Toxicity in [0,1] is the chance that a connection (or request, see Per) is hit.
	Toxicity float64 `json:"toxicity"`
	// Per is connection (toxiproxy's meaning, the default) or request.
	Per string `json:"per,omitempty"`
	// Attributes are toxiproxy's, numbers as float64: latency and jitter in ms, rate in KB/s, ...
	Attributes map[string]any `json:"attributes"`
}

func (t *Toxic) String() string {
	attributes, err := json.Marshal(t.Attributes) // sorted by key
	if err != nil {
		return fmt.Sprintf("%s %s", t.Type, err)
	}
	s := fmt.Sprintf("%s %s %s", t.Type, t.Stream, attributes)
	if t.Toxicity < 1 {
		s += fmt.Sprintf(" for %g of each %s", t.Toxicity, t.Per)
	}
	return s
}

// NewConnections is what happens to a connection that is made while an outage is on.
type NewConnections string

// The fates of new connections, by what a client sees.
const (
	NewPass   NewConnections = "pass"   // as without a fault
	NewRefuse NewConnections = "refuse" // connection refused, at once
	NewHang   NewConnections = "hang"   // connect does not return: SYNs are not answered
	NewClose  NewConnections = "close"  // connect succeeds, then end of file at once
	NewReset  NewConnections = "reset"  // connect succeeds, then a reset
	NewSlow   NewConnections = "slow"   // connect succeeds, nothing passes for Delay
	NewFreeze NewConnections = "freeze" // connect succeeds, nothing passes until the outage is lifted
)

// OpenConnections is what happens to connections that were open when the outage began.
type OpenConnections string

// The fates of open connections, by what a client sees. Under lose and keep, ends of stream (FIN)
// and resets of the other side are held back too: silence is silence.
const (
	OpenPass  OpenConnections = "pass"  // as without a fault
	OpenReset OpenConnections = "reset" // a reset (RST), at once
	OpenClose OpenConnections = "close" // end of file (FIN), at once
	OpenLose  OpenConnections = "lose"  // silence; bytes are lost; lifting resets the connections that lost any
	OpenKeep  OpenConnections = "keep"  // silence and back-pressure; lifting delivers every byte, then what ended
)

// Outage is one entry of the exact vocabulary of outages of an edge.
type Outage struct {
	New  NewConnections  `json:"new"`
	Open OpenConnections `json:"open"`
	// Direction limits lose and keep to one way (half open); Both otherwise.
	Direction Direction     `json:"direction,omitempty"`
	Delay     time.Duration `json:"delay,omitempty"`
}

func (o *Outage) String() string {
	s := fmt.Sprintf("new=%s open=%s", o.New, o.Open)
	if o.Direction != "" && o.Direction != Both {
		s += " " + string(o.Direction)
	}
	if o.Delay > 0 {
		s += " " + o.Delay.String()
	}
	return s
}
