package faults

import (
	"encoding/json"
	"fmt"
)

// Toxic is a toxiproxy toxic on an edge, in toxiproxy's own vocabulary (so that its clients see
// what we set), with two additions: Per, and attributes beyond toxiproxy's ("shape" of a latency).
// Its JSON is toxiproxy's, with the type beside the attributes.
type Toxic struct {
	Name string
	// Stream is upstream (caller to callee) or downstream (callee to caller, the default).
	Stream string
	// Toxicity in [0,1] is the chance that a connection (or request, see Per) is hit.
	Toxicity float64
	// Per is connection (toxiproxy's meaning, the default) or request.
	Per string
	// Attributes are what it does, a type for each of toxiproxy's.
	Attributes Attributes
}

// Attributes are a type of toxic with its parameters, in toxiproxy's units: a plain comparable value.
type Attributes interface {
	// Type is toxiproxy's word for it, as in "latency".
	Type() string
	// Check says what is out of its range (an *InvalidError), nil if nothing.
	Check() error
}

// The streams and the meanings of toxicity, as toxiproxy and scenarios write them.
const (
	Upstream      = "upstream"
	Downstream    = "downstream"
	PerConnection = "connection"
	PerRequest    = "request"
)

// Type is toxiproxy's word for what the toxic does; empty where it does nothing.
func (t Toxic) Type() string {
	if t.Attributes == nil {
		return ""
	}
	return t.Attributes.Type()
}

func (t *Toxic) String() string {
	attributes, err := json.Marshal(t.Attributes)
	if err != nil {
		return fmt.Sprintf("%s %s", t.Type(), err)
	}
	s := fmt.Sprintf("%s %s %s", t.Type(), t.Stream, attributes)
	if t.Toxicity < 1 {
		s += fmt.Sprintf(" for %g of each %s", t.Toxicity, t.Per)
	}
	return s
}

// Complete is the toxic with toxiproxy's defaults filled in, or an *InvalidError: whatever toxiproxy's toxics would crash
// on or silently ignore is one. Its name may stay empty.
func (t Toxic) Complete() (Toxic, error) {
	if t.Stream == "" {
		t.Stream = Downstream
	}
	if t.Stream != Upstream && t.Stream != Downstream {
		return t, Invalid("stream", "is %q; use upstream (to the callee) or downstream (to the caller)", t.Stream)
	}
	if t.Per == "" {
		t.Per = PerConnection
	}
	if t.Per != PerConnection && t.Per != PerRequest {
		return t, Invalid("per", "is %q; use connection or request", t.Per)
	}
	if !(t.Toxicity >= 0 && t.Toxicity <= 1) { // also refuses NaN
		return t, Invalid("toxicity", "is %g; use a chance from 0 to 1", t.Toxicity)
	}
	if t.Attributes == nil {
		return t, errToxicType("")
	}
	return t, t.Attributes.Check()
}

func errToxicType(kind string) error {
	return Invalid("type", "%q is not a toxic; use latency, bandwidth, slow_close, timeout, reset_peer, slicer or limit_data", kind)
}
