package faults

import "fmt"

// LimitData closes each connection when so many bytes have passed it.
type LimitData struct {
	// How much passes a connection before it is closed, counted from when the fault begins.
	Bytes int64 `yaml:"limit_data" unit:"size" json:"limit_data"`
	// down (default): counts answers; up: requests; both: each way on its own.
	Direction Direction `yaml:"direction" json:"direction,omitempty" enum:"down,up,both"`
	// The part of connections that it hits. Default all.
	Share float64 `yaml:"share" zero:"it would hit nothing" unit:"share" json:"share,omitempty"`
}

var _ Kind = LimitData{}

// Kind is "limit_data".
func (LimitData) Kind() string { return "limit_data" }

func (l LimitData) String() string {
	return "limit data " + size(float64(l.Bytes)) + way(l.Direction) + part(l.Share, "connection")
}

// Scope is edges.
func (LimitData) Scope() Scope { return ScopeEdges }

// Validate refuses negative sizes. 0 is allowed: the first byte closes the connection.
func (l LimitData) Validate() error {
	if l.Bytes < 0 {
		return fmt.Errorf("limit_data can't be negative, it is %s", size(float64(l.Bytes)))
	}
	return first(checkDirection(l.Direction), checkShare(l.Share))
}

// Compile is one limit_data toxic for each edge and direction.
func (l LimitData) Compile(t Targets) []Primitive {
	return toxics(t, l.Direction, Toxic{
		Toxicity: shareOrAll(l.Share), Per: PerConnection,
		Attributes: LimitDataToxic{Bytes: l.Bytes},
	})
}

var limitDataEntry = Entry{Word: "limit_data", Zero: LimitData{}, Selection: SelectOn, Explain: Explanation{
	Summary: "A connection is closed when so many bytes have passed it: answers break off.",
	New:     "connects at once; end of file right after that many bytes",
	Open:    "end of file right after that many bytes, counted from when the fault began",
	Lifted:  "connections not yet closed go on without a limit",
	Example: "{limit_data: 16KB, on: api -> catalog}",
}}
