package runner

import (
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// overlap sums how much of each request's time lay before the first fault. It is safe for concurrent use.
type overlap struct {
	until      atomic.Int64 // from zero on
	took, sent atomic.Int64
	// gaveUp are those whose user stopped waiting meanwhile: the mesh still waits for an answer.
	gaveUp atomic.Int64
}

func (o *overlap) add(s record.Sample) {
	until := time.Duration(o.until.Load())
	if s.Unsent || s.Sent >= until || s.Done <= 0 {
		return
	}
	o.took.Add(int64(min(s.Done, until) - max(s.Sent, 0)))
	o.sent.Add(1)
	if s.Error == record.ErrTimeout && s.Done < until {
		o.gaveUp.Add(1)
	}
}

// take records a sample.
func (r *run) take(s record.Sample) {
	r.recorder.Add(s)
	r.lookout.Add(s, time.Since(r.zero))
	r.calm.add(s)
	r.traces.Add(s)
}

// calmEnd is when the counters are read before the first fault; 0: they are not.
func calmEnd(p *topology.Plan) time.Duration { return max(quietEnd(p)-quietMargin, 0) }

// littleChecks compare two independent observers before the first fault: the requests in flight behind each edge as the mesh integrated
// them, and how long each one took as its sender measured it.
func (r *run) littleChecks() []*record.Check {
	if r.start == nil || r.quiet == nil || r.ended < quietEnd(r.ran.plan) {
		return nil
	}
	_, virtual := r.o.Engine.(Enclosing)
	seconds := r.quiet.At.Sub(r.start.At).Seconds()
	entry := analysis.Little{
		Seconds: seconds, Sender: time.Duration(r.calm.took.Load()), Sent: r.calm.sent.Load(), Window: time.Duration(r.calm.until.Load()).Seconds(), Exact: virtual,
	}
	var edges []string
	each := map[string]analysis.Little{}
	for _, e := range r.o.Plan.Edges {
		first, last := meshOf(r.start, e.Name), meshOf(r.quiet, e.Name)
		mesh := last.Awaiting.Sub(first.Awaiting)
		if e.Client {
			entry.Mesh += mesh.Area
			continue
		}
		calls, counted := callsOf(r.start, r.quiet, e)
		if from, _ := r.o.Plan.Instance(e.From); from.Node.UpstreamPool > 0 {
			continue // its attempts wait for a connection first
		}
		if !counted || !r.comparable(e) || calls.Failures+calls.GaveUp+last.Unanswered-first.Unanswered > 0 {
			continue // who gave up and who was given up do not see the same end
		}
		sender := r.quiet.Nodes[e.From].Attempts[e.Callee()].Sub(r.start.Nodes[e.From].Attempts[e.Callee()])
		edges = append(edges, e.Name)
		each[e.Name] = analysis.Little{
			Mesh: mesh.Area, Seconds: seconds, Sender: sender.Took + sender.Ages, Sent: sender.In, Window: seconds, Exact: virtual,
		}
	}
	var atEntry *record.Check
	if r.calm.gaveUp.Load() == 0 { // else there is nothing to compare, as on the edges
		atEntry = entry.Check()
	}
	return []*record.Check{atEntry, analysis.LittleEdgesCheck(edges, each)}
}
