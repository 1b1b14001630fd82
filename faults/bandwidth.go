package faults

import (
	"fmt"
	"math"
)

// Bandwidth bounds how fast bytes pass each connection of an edge.
type Bandwidth struct {
	// The most that passes a second, for each connection, as in 1MB/s.
	//
	// Rate is in bytes per second.
	Rate float64 `yaml:"bandwidth" unit:"bandwidth" json:"bandwidth"`
	// down (default): answers; up: requests; both: each way.
	Direction Direction `yaml:"direction" json:"direction,omitempty" enum:"down,up,both"`
	// The part of connections that it hits. Default all.
	Share float64 `yaml:"share" zero:"it would hit nothing" unit:"share" json:"share,omitempty"`
}

var _ Kind = Bandwidth{}

// Kind is "bandwidth".
func (Bandwidth) Kind() string { return "bandwidth" }

func (b Bandwidth) String() string {
	return "bandwidth " + size(b.Rate) + "/s" + way(b.Direction) + part(b.Share, "connection")
}

// Scope is edges.
func (Bandwidth) Scope() Scope { return ScopeEdges }

// Validate refuses rates that are not positive: toxiproxy's toxic crashes on negative ones and
// freezes on 0.
func (b Bandwidth) Validate() error {
	if !(b.Rate > 0) {
		return fmt.Errorf("bandwidth must be more than 0, it is %s/s: use freeze to let nothing pass", size(b.Rate))
	}
	if math.IsInf(b.Rate, 1) {
		return fmt.Errorf("bandwidth must be a number, it has no bound: leave the fault away")
	}
	return first(checkDirection(b.Direction), checkShare(b.Share))
}

// Compile is one bandwidth toxic for each edge and direction. Its rate is toxiproxy's unit, KB/s
// of 1000 bytes, as a fraction where it has to be.
func (b Bandwidth) Compile(t Targets) []Primitive {
	return toxics(t, b.Direction, Toxic{
		Toxicity: shareOrAll(b.Share), Per: PerConnection,
		Attributes: BandwidthToxic{Rate: b.Rate / 1000},
	})
}

var bandwidthEntry = Entry{Word: "bandwidth", Zero: Bandwidth{}, Selection: SelectOn, Explain: Explanation{
	Summary: "Bytes pass no faster than so many a second, on each connection.",
	New:     "connects at once; answers come no faster than the rate",
	Open:    "answers come no faster than the rate, from the next byte on; the sender feels back-pressure",
	Lifted:  "what is held is delivered at once, and everything after it at full speed",
	Example: "{bandwidth: 100KB/s, on: catalog -> catalog-db, direction: both}",
}}
