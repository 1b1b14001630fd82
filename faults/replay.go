package faults

import (
	"fmt"
	"slices"
	"strconv"
)

// Replay has a stream deliver again what it keeps, as an operator does to fill a store anew: beside what is new, which
// it does not wait for, and in the order of each key.
type Replay struct {
	// Who gets it again.
	Subscriber string `yaml:"subscriber" need:"yes" json:"subscriber"`
	// How many messages a second, as in 50/s. Default as fast as the subscriber takes them, one of each partition
	// at a time.
	Rate float64 `yaml:"rate" sign:"positive" unit:"rate" json:"rate,omitempty"`
}

var _ Checker = Replay{}

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

// Check wants streams that keep what they deliver, and deliver it to the subscriber.
func (r Replay) Check(t Targets) error {
	if err := t.builtIn(r); err != nil {
		return err
	}
	for _, n := range t.Nodes {
		switch {
		case n.Kind != "stream":
			return fmt.Errorf("replay is for streams, and %q is a %s", n.Name, n.Kind)
		case !n.Retains:
			return fmt.Errorf("stream %q keeps nothing that it has delivered: add retain: 10m", n.Name)
		case !slices.Contains(n.Subscribers, r.Subscriber):
			return fmt.Errorf("stream %q has no subscriber %q", n.Name, r.Subscriber)
		}
	}
	return nil
}

// Compile is one ask of each instance.
func (r Replay) Compile(t Targets) []Primitive { return ask(t, Ask{Replay: r}) }

var replayEntry = Entry{Word: "replay", Zero: Replay{}, Selection: SelectValue, Explain: Explanation{
	Summary: "A stream delivers again to one subscriber what it keeps (retain), beside what is new, as an operator does to fill a store anew.",
	New:     "connects at once; the subscriber is asked for the old messages too, as fast as it takes them (rate: so many a second)",
	Open:    "the subscriber is asked for the old messages too, as fast as it takes them (rate: so many a second)",
	Lifted:  "what has not been replayed is not; what has been has come twice",
	Example: "{replay: events, subscriber: search, rate: 50/s}",
}}
