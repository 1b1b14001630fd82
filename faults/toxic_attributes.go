package faults

import (
	"math"
	"time"
)

// Millis is a time in milliseconds, Micros one in microseconds, as toxiproxy counts them; fractions are ours.
type (
	Millis float64
	Micros float64
)

// Duration is the same time, to the nanosecond.
func (m Millis) Duration() time.Duration {
	return time.Duration(math.Round(float64(m) * float64(time.Millisecond)))
}

// Duration is the same time, to the nanosecond.
func (m Micros) Duration() time.Duration {
	return time.Duration(math.Round(float64(m) * float64(time.Microsecond)))
}

// MillisOf is a time as toxiproxy's attributes write it.
func MillisOf(d time.Duration) Millis { return Millis(float64(d) / float64(time.Millisecond)) }

// LatencyToxic lets what passes arrive later, by a draw for each request.
type LatencyToxic struct {
	Jitter  Millis `json:"jitter"`
	Latency Millis `json:"latency"`
	// Shape is how the jitter is drawn, one of the Shape constants; empty is uniform.
	Shape string `json:"shape,omitempty"`
	// CV is the coefficient of variation of the latency itself, whose mean is Latency; 0: it does not vary but by the jitter. Shape
	// is empty then, or ShapeLognormal.
	CV float64 `json:"cv,omitempty"`
}

// The shapes of a latency's jitter.
const (
	ShapeUniform = "uniform" // latency ± jitter
	ShapeNormal  = "normal"  // jitter is one standard deviation
	ShapePareto  = "pareto"  // latency + a long tail with jitter as its mean
	// ShapeLognormal is of a latency with a CV.
	ShapeLognormal = "lognormal"
)

// BandwidthToxic lets bytes pass at Rate, in KB (of 1000 bytes) a second; 0 lets nothing pass.
type BandwidthToxic struct {
	Rate float64 `json:"rate"`
}

// SlowCloseToxic holds back the end of a stream.
type SlowCloseToxic struct {
	Delay Millis `json:"delay"`
}

// TimeoutToxic swallows what comes and closes the connection Timeout after that; 0: never.
type TimeoutToxic struct {
	Timeout Millis `json:"timeout"`
}

// ResetPeerToxic resets a connection Timeout after it was made or the toxic was put on.
type ResetPeerToxic struct {
	Timeout Millis `json:"timeout"`
}

// SlicerToxic cuts what passes into pieces of AverageSize bytes, plus or minus SizeVariation, with a Delay after each.
type SlicerToxic struct {
	AverageSize   int64  `json:"average_size"`
	Delay         Micros `json:"delay"`
	SizeVariation int64  `json:"size_variation"`
	// Slicing is how it cuts: SlicingMean, or, empty, as toxiproxy's own slicer does, which is what its API asks for: what
	// one read brought is halved until no part is larger than AverageSize + SizeVariation, so that most are smaller.
	Slicing string `json:"slicing,omitempty"`
}

// SlicingMean cuts pieces whose mean size is AverageSize.
const SlicingMean = "mean"

// LimitDataToxic closes a connection when so many bytes have passed.
type LimitDataToxic struct {
	Bytes int64 `json:"bytes"`
}

var (
	_ Attributes = LatencyToxic{}
	_ Attributes = BandwidthToxic{}
	_ Attributes = SlowCloseToxic{}
	_ Attributes = TimeoutToxic{}
	_ Attributes = ResetPeerToxic{}
	_ Attributes = SlicerToxic{}
	_ Attributes = LimitDataToxic{}
)

// Type is "latency".
func (LatencyToxic) Type() string { return "latency" }

// Type is "bandwidth".
func (BandwidthToxic) Type() string { return "bandwidth" }

// Type is "slow_close".
func (SlowCloseToxic) Type() string { return "slow_close" }

// Type is "timeout".
func (TimeoutToxic) Type() string { return "timeout" }

// Type is "reset_peer".
func (ResetPeerToxic) Type() string { return "reset_peer" }

// Type is "slicer".
func (SlicerToxic) Type() string { return "slicer" }

// Type is "limit_data".
func (LimitDataToxic) Type() string { return "limit_data" }

// Check refuses negative times and unknown shapes.
func (a LatencyToxic) Check() error {
	if err := first(inRange("latency", float64(a.Latency), 0), inRange("jitter", float64(a.Jitter), 0)); err != nil {
		return err
	}
	if err := inRange("cv", a.CV, 0); err != nil {
		return err
	}
	if a.CV > 0 && a.Jitter > 0 {
		return Invalid("attributes.cv", "is %v beside a jitter of %v ms; use one of them", a.CV, float64(a.Jitter))
	}
	switch a.Shape {
	case "", ShapeUniform, ShapeNormal, ShapePareto:
		return nil
	case ShapeLognormal: // a CV of 0 is a constant latency
		if a.Jitter == 0 {
			return nil
		}
		return Invalid("attributes.shape", "is lognormal with a jitter; use cv in its place, or uniform, normal or pareto")
	default:
		return Invalid("attributes.shape", "is %v; use uniform, normal or pareto", a.Shape)
	}
}

// Check refuses a negative rate, at which toxiproxy's toxic crashes.
func (a BandwidthToxic) Check() error { return inRange("rate", a.Rate, 0) }

// Check refuses a negative time.
func (a SlowCloseToxic) Check() error { return inRange("delay", float64(a.Delay), 0) }

// Check refuses a negative time.
func (a TimeoutToxic) Check() error { return inRange("timeout", float64(a.Timeout), 0) }

// Check refuses a negative time.
func (a ResetPeerToxic) Check() error { return inRange("timeout", float64(a.Timeout), 0) }

// Check refuses sizes at which toxiproxy's toxic crashes: none, and a variation that reaches the size.
func (a SlicerToxic) Check() error {
	if a.AverageSize == 0 {
		return Invalid("attributes.average_size", "is missing; use a number from 1")
	}
	if err := first(
		inRange("average_size", float64(a.AverageSize), 1),
		inRange("size_variation", float64(a.SizeVariation), 0),
		inRange("delay", float64(a.Delay), 0),
	); err != nil {
		return err
	}
	if a.Slicing != "" && a.Slicing != SlicingMean {
		return Invalid("attributes.slicing", "is %v; use mean, or leave it out to cut as toxiproxy does", a.Slicing)
	}
	if a.SizeVariation >= a.AverageSize {
		return Invalid("attributes.size_variation", "is %d; it must be less than average_size, %d", a.SizeVariation, a.AverageSize)
	}
	return nil
}

// Check refuses a negative size.
func (a LimitDataToxic) Check() error { return inRange("bytes", float64(a.Bytes), 0) }

// most bounds every number, so that none overflows: 31 years in ms.
const most = 1e12

// inRange refuses numbers below least, above most, and NaN.
func inRange(name string, v, least float64) error {
	if v >= least && v <= most {
		return nil
	}
	return Invalid("attributes."+name, "is %g; use a number from %g to %g", v, least, float64(most))
}
