package scenarios

import (
	"time"
)

// Shed bounds the requests that a gateway or a service has in flight, those that wait in it included: by a number, or by
// one that follows from what it sees.
type Shed struct {
	// The most requests in flight, in each instance; with adaptive: where it begins (default 20).
	InFlight int `yaml:"in_flight" min:"1" json:"in_flight,omitempty"`
	// vegas: the bound grows while requests take no longer than the fastest ones did, and shrinks as they queue up
	// behind it (TCP Vegas).
	Adaptive string `yaml:"adaptive" enum:"vegas" json:"adaptive,omitempty"`
	// adaptive: the bound is never less. Default 1.
	Least int `yaml:"least" min:"1" json:"least,omitempty"`
	// adaptive: the bound is never more. Default 1000.
	Most int `yaml:"most" min:"1" json:"most,omitempty"`
	// adaptive: how often it forgets how long the fastest ones took and finds that out anew, if need be with 3 in
	// flight for a moment. Default 30s.
	Anew time.Duration `yaml:"anew" sign:"positive" json:"anew,omitempty"`
}
