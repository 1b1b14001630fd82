package analysis

import (
	"fmt"
	"math"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Little is both sides of Little's law over one stretch, each of an observer of its own.
type Little struct {
	// Mesh is the number of requests whose answer had not begun, as the mesh integrated it over Seconds.
	Mesh    time.Duration
	Seconds float64
	// Sender is how long the requests took, as who sent them measured each one: as much of that as lay in the Window. Sent are how
	// many there were.
	Sender time.Duration
	Sent   int64
	Window float64
	// Exact: in virtual time, where neither an answer's body nor the machine's scheduling takes any.
	Exact bool
}

// The tolerance of Little's law between two observers: on sockets the sender's side also has the answer's body, the connection's making and the
// machine's scheduling on it.
const (
	littleExact = 0.02
	littleHops  = time.Microsecond // more than what the crossings of a virtual network take, which only the sender has
	littleShare = 0.15
	littleSlack = 5 * time.Millisecond
)

// sides are the requests in flight as the mesh and as their sender have them, and by how much they may differ. False: there was too little to
// compare (fewer than 100 requests).
func (l Little) sides() (mesh, sender, tolerance float64, enough bool) {
	if l.Sent < 100 || l.Seconds <= 0 || l.Window <= 0 {
		return 0, 0, 0, false
	}
	mesh, sender = l.Mesh.Seconds()/l.Seconds, l.Sender.Seconds()/l.Window
	if l.Exact {
		return mesh, sender, littleExact*sender + 1e-6 + float64(l.Sent)/l.Window*littleHops.Seconds(), true
	}
	return mesh, sender, littleShare*sender + float64(l.Sent)/l.Window*littleSlack.Seconds(), true
}

// Check holds the law at the entry. It is nil where there was too little to compare.
func (l Little) Check() *record.Check {
	mesh, sender, tolerance, enough := l.sides()
	if !enough {
		return nil
	}
	return &record.Check{
		Name: "Little's law",
		OK:   math.Abs(mesh-sender) <= tolerance,
		Text: fmt.Sprintf("before the first fault the mesh had %s requests in flight on average, the generator's rate x latency is %s (may differ by %s)",
			few(mesh), few(sender), few(tolerance)),
	}
}

// few spells a number of requests so that it can be held against one that is 2 % off.
func few(n float64) string { return fmt.Sprintf("%.3g", n) }

// LittleEdgesCheck holds the law between callers and the mesh, edge by edge. nil where there was too little to compare.
func LittleEdgesCheck(edges []string, all map[string]Little) *record.Check {
	var bad []string
	held := 0
	for _, name := range edges {
		mesh, sender, tolerance, enough := all[name].sides()
		if !enough {
			continue
		}
		held++
		if math.Abs(mesh-sender) > tolerance {
			bad = append(bad, fmt.Sprintf("%s: the mesh had %s requests in flight on average, its caller's rate x latency is %s (may differ by %s)",
				name, few(mesh), few(sender), few(tolerance)))
		}
	}
	return placesCheck("Little's law by edge", bad, held, "before the first fault the mesh's requests in flight = the caller's rate x latency on every edge")
}
