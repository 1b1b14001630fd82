package faults

import "fmt"

// ConnectionLimit lets so many connections at once through each edge: a full connection table, a proxy at its maximum, a
// server that has no more to give.
type ConnectionLimit struct {
	// How many connections each edge carries at once; those that are open when it begins count, and stay.
	Most int `yaml:"connection_limit" zero:"refuse does that" json:"connection_limit"`
	// What becomes of one over it: reset (default): connect succeeds, then a reset; close: then end of file;
	// wait: nothing passes until another ends, the first come first.
	Over string `yaml:"over" json:"over,omitempty" enum:"reset,close,wait"`
}

var _ Kind = ConnectionLimit{}

// The fates of connections over a limit.
const (
	overReset = "reset"
	overClose = "close"
	overWait  = "wait"
)

// Kind is "connection_limit".
func (ConnectionLimit) Kind() string { return "connection_limit" }

func (c ConnectionLimit) String() string {
	s := fmt.Sprintf("connection limit %d", c.Most)
	if c.Over == overClose || c.Over == overWait {
		s += ", others " + c.Over
	}
	return s
}

// Scope is edges.
func (ConnectionLimit) Scope() Scope { return ScopeEdges }

// Validate wants one connection at least.
func (c ConnectionLimit) Validate() error {
	if c.Most < 1 {
		return fmt.Errorf("connection_limit can't be %d: use 1 or more; to let no connection through use refuse", c.Most)
	}
	return checkWord("over", c.Over, overReset, overClose, overWait)
}

// Compile is one outage for each edge, of what is over the limit alone.
func (c ConnectionLimit) Compile(t Targets) []Primitive {
	fate := NewReset
	switch c.Over {
	case overClose:
		fate = NewClose
	case overWait:
		fate = NewFreeze
	}
	return outages(t, EdgeOutage{New: fate, Open: OpenPass, Most: c.Most})
}

var connectionLimitEntry = Entry{Word: "connection_limit", Zero: ConnectionLimit{}, Selection: SelectOn, Explain: Explanation{
	Summary: "An edge carries so many connections at once and no more. It has met something when a connection was over it.",
	New:     "up to the limit as ever; over it connect succeeds, then a reset (over: close: end of file; over: wait: nothing passes until another ends)",
	Open:    "stays as it is, and counts",
	Lifted:  "new connections work, those that wait go on",
	Example: "{connection_limit: 10, over: wait, on: catalog -> catalog-db}",
}}
