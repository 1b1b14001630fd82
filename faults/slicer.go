package faults

import (
	"fmt"
	"time"
)

// Slicer cuts what passes an edge into small pieces.
type Slicer struct {
	// The mean size of a piece, as in 64B.
	//
	// Size and Variation are in bytes.
	Size int64 `yaml:"slicer" unit:"size" json:"slicer"`
	// Plus or minus this much; less than the size. Default 0B: pieces of one size.
	Variation int64 `yaml:"variation" zero:"unset" unit:"size" json:"variation,omitempty"`
	// The pause after each piece. Default none.
	Delay time.Duration `yaml:"delay" zero:"unset" json:"delay,omitempty"`
	// down (default): answers; up: requests; both: each way.
	Direction Direction `yaml:"direction" json:"direction,omitempty" enum:"down,up,both"`
	// The part of connections that it hits. Default all.
	Share float64 `yaml:"share" zero:"it would hit nothing" unit:"share" json:"share,omitempty"`
}

var _ Kind = Slicer{}

// Kind is "slicer".
func (Slicer) Kind() string { return "slicer" }

func (s Slicer) String() string {
	text := "slicer " + size(float64(s.Size))
	if s.Variation > 0 {
		text += " ±" + size(float64(s.Variation))
	}
	if s.Delay > 0 {
		text += " every " + s.Delay.String()
	}
	return text + way(s.Direction) + part(s.Share, "connection")
}

// Scope is edges.
func (Slicer) Scope() Scope { return ScopeEdges }

// Validate refuses sizes at which toxiproxy's toxic kills its process: none, and a variation that
// reaches the size.
func (s Slicer) Validate() error {
	switch {
	case s.Size < 1:
		return fmt.Errorf("slicer must be at least 1B, it is %s: give the mean size of a piece, as in 64B", size(float64(s.Size)))
	case s.Variation < 0:
		return fmt.Errorf("variation can't be negative, it is %s", size(float64(s.Variation)))
	case s.Variation >= s.Size:
		return fmt.Errorf("variation %s must be less than the size %s: no piece can be empty", size(float64(s.Variation)), size(float64(s.Size)))
	}
	return first(checkDuration("delay", s.Delay), checkDirection(s.Direction), checkShare(s.Share))
}

// Compile is one slicer toxic for each edge and direction; toxiproxy counts its delay in µs.
func (s Slicer) Compile(t Targets) []Primitive {
	return toxics(t, s.Direction, Toxic{
		Toxicity: shareOrAll(s.Share), Per: PerConnection,
		Attributes: SlicerToxic{
			AverageSize: s.Size, SizeVariation: s.Variation, Delay: Micros(float64(s.Delay) / float64(time.Microsecond)),
			Slicing: SlicingMean,
		},
	})
}

var slicerEntry = Entry{Word: "slicer", Zero: Slicer{}, Selection: SelectOn, Explain: Explanation{
	Summary: "What is sent in one piece arrives in small ones, with a pause after each.",
	New:     "connects at once; answers come in small pieces",
	Open:    "answers come in small pieces, from the next byte on; no byte is lost",
	Lifted:  "what is held is delivered at once, in one piece",
	Example: "{slicer: 64B, variation: 16B, delay: 10ms, on: api -> catalog}",
}}
