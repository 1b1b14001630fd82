package faults

import (
	"maps"
	"time"
)

// toxics puts one toxic on each edge and each stream of the direction (down where none is given).
func toxics(t Targets, d Direction, toxic Toxic) []Primitive {
	var streams []string
	switch d {
	case Up:
		streams = []string{"upstream"}
	case Both:
		streams = []string{"upstream", "downstream"}
	default:
		streams = []string{"downstream"}
	}
	out := make([]Primitive, 0, len(t.Edges)*len(streams))
	for _, edge := range t.Edges {
		for _, stream := range streams {
			one := toxic
			one.Stream = stream
			one.Attributes = maps.Clone(toxic.Attributes) // each edge may change its own
			out = append(out, Primitive{Op: OpToxic, Edge: edge, Toxic: &one})
		}
	}
	return out
}

// What the share of a toxic counts.
const (
	perConnection = "connection"
	perRequest    = "request"
)

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func shareOrAll(share float64) float64 {
	if share == 0 {
		return 1
	}
	return share
}

func perOrRequest(per string) string {
	if per == "" {
		return perRequest
	}
	return per
}
