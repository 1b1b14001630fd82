package runner

import (
	"fmt"
	"math"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// entryChecks hold the requests that the mesh saw at the entry against what the generator sent.
func (r *run) entryChecks(res *record.Result) []record.Check {
	if r.start == nil || r.final == nil {
		return nil
	}
	var out []record.Check
	for _, l := range r.o.Plan.Scenario.Loads {
		flow := entryFlow(l.Name, res)
		flow.InFlight = res.Generator.MaxInFlight
		flow.Late = r.start.At.Sub(r.zero)
		flow.Seconds = r.ended.Seconds()
		out = append(out, flow.Check(l.Name))
	}
	return out
}

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
	record.ErrRefused: true, record.ErrReset: true, record.ErrDial: true, record.ErrTimeout: true,
	record.ErrEOF: true, record.ErrBody: true, record.ErrCanceled: true, record.ErrOther: true,
}

func entryFlow(load string, res *record.Result) Flow {
	var f Flow
	for _, p := range res.Phases {
		for _, q := range p.Requests {
			if q.Load != load {
				continue
			}
			f.Sent += q.Sent - q.Unsent
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

// littleCheck compares two independent clocks over the steady stretch: the requests in flight behind the entry as the mesh
// integrated them (time to first byte, summed), and rate x latency as the generator measured them.
func (r *run) littleCheck(res *record.Result) *record.Check {
	if r.start == nil || r.quiet == nil || r.ended < quietEnd(r.o.Plan) {
		return nil
	}
	l := Little{Seconds: r.quiet.At.Sub(r.start.At).Seconds()}
	for _, e := range r.o.Plan.Edges {
		if !e.Client {
			continue
		}
		first, last := meshOf(r.start, e.Name), meshOf(r.quiet, e.Name)
		l.Mesh += last.FirstByteTotal - first.FirstByteTotal
		l.Answers += last.FirstBytes - first.FirstBytes
	}
	for _, p := range res.Phases {
		if p.EndS > seconds(quietEnd(r.o.Plan))+1e-9 {
			continue
		}
		for _, q := range p.Requests {
			if q.Sent == q.Unsent {
				continue
			}
			l.Generator += time.Duration(q.ServiceMs.Mean * float64(q.Sent-q.Unsent) * float64(time.Millisecond))
			l.Sent += q.Sent - q.Unsent
			l.PhaseSeconds = p.EndS
			l.Longest = max(l.Longest, time.Duration(q.ServiceMs.Max*float64(time.Millisecond)))
		}
	}
	return l.Check()
}

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
