package analysis

import (
	"fmt"
	"math"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Little is both sides of Little's law over a steady stretch.
type Little struct {
	// Mesh is the time that requests spent waiting for their first byte behind the entry, summed over Answers in Seconds.
	Mesh    time.Duration
	Answers int64
	Seconds float64
	// Generator is the time from sending to the whole answer, summed over Sent requests in PhaseSeconds.
	Generator    time.Duration
	Sent         int64
	PhaseSeconds float64
	Longest      time.Duration
}

// The tolerance of Little's law: the generator's side also has the answer's body, the connection's making and the
// machine's scheduling on it.
const (
	littleShare = 0.15
	littleSlack = 5 * time.Millisecond
)

// Check is nil where there was too little to compare (fewer than 100 requests).
func (l Little) Check() *record.Check {
	if l.Sent < 100 || l.Answers < 100 || l.Seconds <= 0 || l.PhaseSeconds <= 0 {
		return nil
	}
	rate := float64(l.Sent) / l.PhaseSeconds
	inFlight := l.Mesh.Seconds() / l.Seconds
	expected := l.Generator.Seconds() / l.PhaseSeconds
	boundary := 2 * expected * l.Longest.Seconds() / l.PhaseSeconds
	tolerance := littleShare*expected + rate*littleSlack.Seconds() + boundary
	return &record.Check{
		Name: "Little's law",
		OK:   math.Abs(inFlight-expected) <= tolerance,
		Text: fmt.Sprintf("before the first fault the mesh had %.2f requests in flight on average, the generator's rate x latency is %.2f (may differ by %.2f)",
			inFlight, expected, tolerance),
	}
}
