package analysis

import (
	"fmt"
	"math"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Flow is what a generator says it sent over an entry, and what the mesh saw there.
type Flow struct {
	// Sent by the generator in the phases; Broken of these ended in an error of the connection, so that the mesh may
	// have seen them not at all, or twice (a client may repeat a request whose connection was closed under it).
	Sent, Broken int64
	// Seen by the mesh between its two readings.
	Seen int64
	// InFlight is the most that was in flight: requests of the warm-up that were counted later, or the other way round.
	InFlight int64
	// Late is how long after zero the mesh's first reading was; Seconds how long the phases took.
	Late    time.Duration
	Seconds float64
}

// Check tells whether the two agree: within the requests in flight, those whose connection broke, the requests of the
// moment that the first reading was late, and 0.1 %.
func (f Flow) Check(load string) record.Check {
	tolerance := float64(f.Broken+f.InFlight) + 0.001*float64(f.Sent)
	if f.Seconds > 0 {
		tolerance += 3 * float64(f.Sent) / f.Seconds * max(f.Late.Seconds(), 0)
	}
	off := math.Abs(float64(f.Seen - f.Sent))
	return record.Check{
		Name: "entry of " + load,
		OK:   off <= math.Ceil(tolerance),
		Text: fmt.Sprintf("the generator sent %d requests, the mesh saw %d (may differ by %.0f: in flight and broken connections)", f.Sent, f.Seen, math.Ceil(tolerance)),
	}
}

// broken are the errors of a connection.
var broken = map[string]bool{
	record.ErrRefused: true, record.ErrReset: true, record.ErrDial: true, record.ErrDNS: true, record.ErrTimeout: true,
	record.ErrEOF: true, record.ErrBody: true, record.ErrCanceled: true, record.ErrOther: true, record.ErrTLS: true,
}

// EntryFlow counts what a load sent in the phases and what the mesh saw of it. InFlight, Late and Seconds are the caller's to add.
func EntryFlow(load string, res *record.Result) Flow {
	var f Flow
	for _, p := range res.Phases {
		for _, q := range p.Requests {
			if q.Load != load {
				continue
			}
			f.Sent += q.Sent + q.Cut + q.Interrupted - q.Unsent
			f.Broken += q.Cut + q.Interrupted
			for class, n := range q.Errors {
				if broken[class] {
					f.Broken += n
				}
			}
		}
	}
	for _, e := range res.Edges {
		if e.FromInst == load {
			f.Seen += e.Requests
		}
	}
	return f
}
