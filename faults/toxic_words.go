package faults

import (
	"strconv"
	"strings"
)

// Words are a scenario's for a toxic that somebody has put on through toxiproxy's API, up to the edge that it is on: "latency: 300ms, jitter:
// 50ms, on". Empty: no kind of fault does what it does, or does it as the API has it.
func (t Toxic) Words() string {
	direction := Down
	if t.Stream == Upstream {
		direction = Up
	}
	kind, size, more := t.asKind(direction)
	if kind == nil || kind.Validate() != nil || t.Toxicity == 0 {
		return ""
	}
	words := []string{kind.Kind() + ": " + size}
	words = append(words, more...)
	if direction == Up {
		words = append(words, "direction: up")
	}
	if t.Toxicity < 1 {
		words = append(words, "share: "+strconv.FormatFloat(t.Toxicity, 'f', -1, 64))
		if t.Type() == "latency" && t.Per == PerConnection {
			words = append(words, "per: connection")
		}
	}
	return strings.Join(append(words, "on"), ", ")
}

// asKind is the kind of fault that does the same, with its size and what else it takes as a scenario has them; nil: none does.
func (t Toxic) asKind(direction Direction) (kind Kind, size string, more []string) {
	bytes := func(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) + "B" }
	switch a := t.Attributes.(type) {
	case LatencyToxic:
		if a.CV != 0 {
			return nil, "", nil
		}
		if a.Jitter != 0 {
			more = append(more, "jitter: "+a.Jitter.Duration().String())
		}
		if a.Shape != "" {
			more = append(more, "shape: "+a.Shape)
		}
		return Latency{Delay: a.Latency.Duration(), Jitter: a.Jitter.Duration(), Shape: a.Shape, Direction: direction}, a.Latency.Duration().String(), more
	case BandwidthToxic:
		return Bandwidth{Rate: a.Rate * 1000, Direction: direction}, bytes(a.Rate*1000) + "/s", nil
	case SlowCloseToxic:
		return SlowClose{Delay: a.Delay.Duration(), Direction: direction}, a.Delay.Duration().String(), nil
	case TimeoutToxic:
		return Timeout{After: a.Timeout.Duration(), Direction: direction}, a.Timeout.Duration().String(), nil
	case LimitDataToxic:
		return LimitData{Bytes: a.Bytes, Direction: direction}, bytes(float64(a.Bytes)), nil
	}
	// reset_peer resets once something is sent, the kind reset at once; the API's slicer cuts in halves, the kind's to a mean.
	return nil, "", nil
}
