package faults

import (
	"fmt"
	"slices"
	"time"
)

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

// EdgeOutage is one entry of the exact vocabulary of outages of an edge.
type EdgeOutage struct {
	New  NewConnections  `json:"new"`
	Open OpenConnections `json:"open"`
	// Direction limits lose and keep to one way (half open); Both otherwise.
	Direction Direction     `json:"direction,omitempty"`
	Delay     time.Duration `json:"delay,omitempty"`
	// Most limits New (reset, close or freeze) to connections over so many at once; 0: it is about all. One that is frozen so goes
	// on when another has ended.
	Most int `json:"most,omitempty"`
}

func (o *EdgeOutage) String() string {
	s := fmt.Sprintf("new=%s open=%s", o.New, o.Open)
	if o.Direction != "" && o.Direction != Both {
		s += " " + string(o.Direction)
	}
	if o.Delay > 0 {
		s += " " + o.Delay.String()
	}
	if o.Most > 0 {
		s += fmt.Sprintf(" over %d", o.Most)
	}
	return s
}

// Fates are the fates of new connections, strictest first: where several outages are on, the strictest decides.
var Fates = []NewConnections{NewHang, NewRefuse, NewReset, NewClose, NewFreeze, NewSlow, NewPass}

// Complete is the outage with its defaults filled in, or an *InvalidError.
func (o EdgeOutage) Complete() (EdgeOutage, error) {
	if o.New == "" {
		o.New = NewPass
	}
	if o.Open == "" {
		o.Open = OpenPass
	}
	if o.Direction == "" {
		o.Direction = Both
	}
	switch {
	case !slices.Contains(Fates, o.New):
		return o, Invalid("new", "is %q; use pass, refuse, hang, close, reset, slow or freeze", o.New)
	case !slices.Contains([]OpenConnections{OpenPass, OpenReset, OpenClose, OpenLose, OpenKeep}, o.Open):
		return o, Invalid("open", "is %q; use pass, reset, close, lose or keep", o.Open)
	case !slices.Contains([]Direction{Up, Down, Both}, o.Direction):
		return o, Invalid("direction", "is %q; use up, down or both", o.Direction)
	case o.Delay < 0:
		return o, Invalid("delay", "is %s; it can't be negative", o.Delay)
	case o.Delay > 0 && o.New != NewSlow:
		return o, Invalid("delay", "is %s, but only new: slow has a delay", o.Delay)
	case o.Delay == 0 && o.New == NewSlow:
		return o, Invalid("delay", "is missing; new: slow needs one")
	case o.Most < 0:
		return o, Invalid("most", "is %d; it can't be negative", o.Most)
	case o.Most > 0 && !slices.Contains([]NewConnections{NewReset, NewClose, NewFreeze}, o.New):
		return o, Invalid("most", "is %d, but new is %s; only reset, close and freeze have one", o.Most, o.New)
	}
	return o, nil
}

// outages puts one outage on each edge.
func outages(t Targets, o EdgeOutage) []Primitive {
	out := make([]Primitive, 0, len(t.Edges))
	for _, edge := range t.Edges {
		one := o
		out = append(out, Primitive{Op: OpOutage, Edge: edge, Outage: &one})
	}
	return out
}

// The connections that an outage is about.
const (
	connectionsAll  = "all"  // the default
	connectionsNew  = "new"  // only those made while it is on
	connectionsOpen = "open" // only those open when it begins
)

// only leaves one sort of connection as it is without a fault.
func (o EdgeOutage) only(connections string) EdgeOutage {
	switch connections {
	case connectionsNew:
		o.Open = OpenPass
	case connectionsOpen:
		o.New = NewPass
	}
	return o
}

func checkConnections(connections string) error {
	return checkWord("connections", connections, connectionsAll, connectionsNew, connectionsOpen)
}

// which names a narrowed choice of connections at the end of a fault's words.
func which(connections string) string {
	if connections == "" || connections == connectionsAll {
		return ""
	}
	return " for " + connections + " connections"
}
