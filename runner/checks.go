package runner

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// checks are the run's own validity: whether its figures can be trusted, whatever they say. One that
// fails makes the run inconclusive. A check that has nothing to look at is left out.
func (r *run) checks(res *record.Result) []record.Check {
	out := []record.Check{}
	add := func(c *record.Check) {
		if c != nil {
			out = append(out, *c)
		}
	}
	add(ptr(ScheduleCheck(res.Generator, LagLimit(tightest(r.o.Plan.Scenario), median(res.Phases)))))
	add(ptr(r.balanceCheck()))
	for _, c := range r.entryChecks(res) {
		add(&c)
	}
	add(r.littleCheck(res))
	add(r.steadyCheck(res))
	for _, i := range r.injections {
		add(i.delayCheck())
		add(i.latenessCheck())
	}
	add(r.survivalCheck())
	add(r.cpuCheck(res))
	return out
}

func ptr[T any](v T) *T { return &v }

// The generator's rules.
const (
	// mostUnsent is the share of intended requests that may have gone unsent.
	mostUnsent = 0.01
	// leastLag is the lag that is always allowed: some timer ticks of a busy machine.
	leastLag = 10 * time.Millisecond
	// lagShare of the tightest latency that is claimed may be lag.
	lagShare = 0.1
)

// LagLimit is how late the generator's p99 may be: 10 % of the tightest latency that the scenario expects (0: it
// expects none; then of the median latency), and 10 ms at least. Lag is part of every latency, as that counts
// from the intended time; the rule keeps that part small against the claim that is judged.
func LagLimit(tightest, median time.Duration) time.Duration {
	basis := tightest
	if basis == 0 {
		basis = median
	}
	return max(leastLag, time.Duration(lagShare*float64(basis)))
}

// ScheduleCheck tells whether the generator kept its schedule: at most 1 % unsent and lag p99 within the limit.
func ScheduleCheck(g record.Generator, limit time.Duration) record.Check {
	c := record.Check{Name: "generator kept its schedule"}
	unsent := 0.0
	if g.Intended > 0 {
		unsent = float64(g.Unsent) / float64(g.Intended)
	}
	c.OK = unsent <= mostUnsent && g.LagMs.P99 <= record.Milliseconds(limit)
	c.Text = fmt.Sprintf("%d of %d requests unsent (at most %g%%), lag p99 %.1f ms (at most %.1f ms)",
		g.Unsent, g.Intended, 100*mostUnsent, g.LagMs.P99, record.Milliseconds(limit))
	if g.Limited {
		c.Text += "; its limit of requests in flight was reached"
	}
	return c
}

// tightest is the smallest upper bound of a latency that the scenario expects; 0 if there is none.
func tightest(s *scenarios.Scenario) time.Duration {
	least := 0.0
	for _, e := range s.Expect {
		for _, b := range e.Bounds {
			switch b.Metric {
			case scenarios.MetricMean, scenarios.MetricP50, scenarios.MetricP90, scenarios.MetricP95,
				scenarios.MetricP99, scenarios.MetricP999, scenarios.MetricMax:
				if strings.HasPrefix(b.Op, "<") && (least == 0 || b.Value < least) {
					least = b.Value
				}
			}
		}
	}
	return time.Duration(least * float64(time.Second))
}

// median is the median latency of the kind of request whose median is lowest.
func median(phases []record.Phase) time.Duration {
	least := math.Inf(1)
	for _, p := range phases {
		for _, q := range p.Requests {
			if q.Sent > q.Unsent {
				least = min(least, q.LatencyMs.P50)
			}
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return time.Duration(least * float64(time.Millisecond))
}

func (r *run) balanceCheck() record.Check {
	if err := r.recorder.Balance(); err != nil {
		return record.Check{Name: "flow conservation", Text: err.Error()}
	}
	return record.Check{Name: "flow conservation", Text: "ok + degraded + failed = sent, for every request and phase", OK: true}
}

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
	if r.start == nil || r.steady == nil || r.ended < steadyEnd(r.o.Plan) {
		return nil
	}
	l := Little{Seconds: r.steady.At.Sub(r.start.At).Seconds()}
	for _, e := range r.o.Plan.Edges {
		if !e.Client {
			continue
		}
		first, last := meshOf(r.start, e.Name), meshOf(r.steady, e.Name)
		l.Mesh += last.FirstByteTotal - first.FirstByteTotal
		l.Answers += last.FirstBytes - first.FirstBytes
	}
	for _, p := range res.Phases {
		if p.EndS > seconds(steadyEnd(r.o.Plan))+1e-9 {
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

// steadyCheck tells whether there was a steady state: two halves that agree. A run without faults claims none.
func (r *run) steadyCheck(res *record.Result) *record.Check {
	if len(r.injections) == 0 {
		return nil
	}
	timeline, err := Timeline(res.Windows)
	if err != nil {
		return &record.Check{Name: "steady state", Text: err.Error()}
	}
	return SteadyCheck(timeline, min(steadyEnd(r.o.Plan), r.ended))
}

// SteadyCheck compares the two halves of the seconds before the first fault: most seconds of the second half must be
// within the band of the first. nil where the halves are shorter than a band needs: then nothing is claimed
// (and recovery is untold).
func SteadyCheck(timeline []Second, before time.Duration) *record.Check {
	whole := SteadyState(timeline, before)
	if whole.Seconds < 2*steadyLeast {
		return nil
	}
	half := timeline[whole.Seconds/2].At
	first := SteadyState(timeline, half)
	outside, n := 0, 0
	for _, s := range timeline {
		if s.At >= half && s.At+time.Second <= before {
			n++
			if !first.Within(s) {
				outside++
			}
		}
	}
	return &record.Check{
		Name: "steady state",
		OK:   3*outside <= n,
		Text: fmt.Sprintf("over %d s before the first fault, success %.2f%%; %d of the last %d seconds left the band of the first %d (at most a third may)",
			whole.Seconds, 100*whole.Success, outside, n, first.Seconds),
	}
}

// latencySlack is how far a fault's measured delay may be off its promise: timers and a busy machine.
const latencySlack = 20 * time.Millisecond

// delayCheck tells whether a latency fault moved what met it as promised. nil for other faults, and for one that
// delayed nothing (its receipt says so).
func (i *injection) delayCheck() *record.Check {
	i.mu.Lock()
	defer i.mu.Unlock()
	low, high, ok := Promised(i.fault.Primitives)
	if !ok || i.undone == nil || i.receipt.Requests == 0 {
		return nil
	}
	got := time.Duration(i.receipt.DelayMs * float64(time.Millisecond))
	slack := latencySlack + high/10
	return &record.Check{
		Name: "receipt of " + title(i.fault),
		OK:   got >= low-time.Millisecond && got <= high+slack,
		Text: fmt.Sprintf("it delayed by %.1f ms on average (promised %s to %s)", i.receipt.DelayMs, low, high),
	}
}

// Promised is the least and the most mean delay that latency toxics promise; false where there are none, or with others.
func Promised(primitives []faults.Primitive) (low, high time.Duration, ok bool) {
	for _, p := range primitives {
		if p.Op != faults.OpToxic || p.Toxic.Type != "latency" {
			return 0, 0, false
		}
		latency, jitter := attribute(p.Toxic, "latency"), attribute(p.Toxic, "jitter")
		one, most := max(latency-jitter, 0), latency+jitter
		if p.Toxic.Attributes["shape"] == "pareto" {
			one, most = latency, latency+5*jitter
		}
		if !ok || one < low {
			low = one
		}
		high = max(high, most)
		ok = true
	}
	return low, high, ok
}

func attribute(t *faults.Toxic, name string) time.Duration {
	ms, _ := t.Attributes[name].(float64)
	return time.Duration(ms * float64(time.Millisecond))
}

// latenessLimit is how late the harness may begin to put a fault on or take it off. How long carrying it out then
// takes is the fault's own affair (a restart takes its time) and stands in the record.
const latenessLimit = 250 * time.Millisecond

// latenessCheck tells whether the harness ordered a fault on and off in time. A fault that began late because an
// earlier one on the same target was still being undone is late too.
func (i *injection) latenessCheck() *record.Check {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.startedOn == nil {
		return nil
	}
	on := *i.startedOn - i.fault.Start
	off := time.Duration(0)
	if i.startedOff != nil {
		off = max(*i.startedOff-i.fault.End, 0)
	}
	return &record.Check{
		Name: "timing of " + title(i.fault),
		OK:   on <= latenessLimit && off <= latenessLimit,
		Text: fmt.Sprintf("on %.1f ms late, off %.1f ms late (at most %s)", record.Milliseconds(on), record.Milliseconds(off), latenessLimit),
	}
}

func (r *run) survivalCheck() *record.Check {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.deaths) == 0 {
		return &record.Check{Name: "instances stayed up", Text: "none ended that no fault had ended", OK: true}
	}
	return &record.Check{Name: "instances stayed up", Text: strings.Join(r.deaths, "; ")}
}

// mostCPU is the share of the machine's CPUs that the harness itself may use.
const mostCPU = 0.9

func (r *run) cpuCheck(res *record.Result) *record.Check {
	share := res.Host.HarnessCPUs / float64(runtime.NumCPU())
	return &record.Check{
		Name: "harness CPU",
		OK:   share <= mostCPU,
		Text: fmt.Sprintf("generator and mesh used %.2f of %d cores", res.Host.HarnessCPUs, runtime.NumCPU()),
	}
}
