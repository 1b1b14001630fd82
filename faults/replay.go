package faults

import (
	"fmt"
	"strconv"
)

// Replay has a stream deliver again what it keeps, as an operator does to fill a store anew: beside what is new, which
// it does not wait for, and in the order of each key.
type Replay struct {
	Subscriber string  `yaml:"subscriber" need:"yes" json:"subscriber" doc:"Who gets it again."`
	Rate       float64 `yaml:"rate" sign:"positive" unit:"rate" json:"rate,omitempty" doc:"How many messages a second, as in 50/s. Default as fast as the subscriber takes them, one of each partition at a time."`
}

var _ Kind = Replay{}

// Kind is "replay".
func (Replay) Kind() string { return "replay" }

func (r Replay) String() string {
	if r.Rate == 0 {
		return "replay to " + r.Subscriber
	}
	return fmt.Sprintf("replay to %s at %s/s", r.Subscriber, strconv.FormatFloat(r.Rate, 'g', -1, 64))
}

// Scope is instances.
func (Replay) Scope() Scope { return ScopeInstances }

// Validate wants a subscriber, and no rate of less than nothing.
func (r Replay) Validate() error {
	if r.Subscriber == "" {
		return fmt.Errorf("replay has no subscriber: add subscriber: NAME, who gets it again")
	}
	if r.Rate < 0 {
		return fmt.Errorf("rate is %g: use more than 0, or leave it out", r.Rate)
	}
	return nil
}

// Compile is one behaviour for each instance.
func (r Replay) Compile(t Targets) []Primitive { return behave(t, Behaviour{Replay: &r}) }
