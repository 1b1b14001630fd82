package runner

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// result puts everything that was measured into the record. It judges nothing.
func (r *run) result(why error) *record.Result {
	r.hooks.Wait() // what they came to is in it
	if why != nil {
		r.recorder.End(r.ended)
	}
	res := r.begun()
	res.Verdict, res.Reasons = record.Inconclusive, []string{"not judged yet"}
	res.Partial, res.PartialWhy, res.DurationS = why != nil, said(why), record.Seconds(max(r.ended, 0))
	res.Phases, res.Windows, res.Series = r.recorder.Phases(), r.recorder.Windows(), r.series()
	res.Writes, res.Written, res.Trips = r.writes, r.written, r.trips
	if noting, ok := r.o.Engine.(Noting); ok {
		res.EngineNotes = noting.Notes(r.o.Plan)
	}
	if r.load != nil {
		res.Generator, res.Generators = r.load.Generator, r.load.Each
	}
	res.Host.HarnessCPUs = r.harnessCPUs()
	var err error
	if res.Digest, res.Asked, err = digests(r.o.Plan.Scenario.Told()); err != nil {
		r.happened(time.Since(r.zero), "note", err.Error())
	}
	if d, err := design(r.o.Plan.Scenario.Told()); err != nil {
		r.happened(time.Since(r.zero), "note", "what was run could not be written down: "+err.Error())
	} else {
		res.Design = d
	}
	if r.start != nil && r.final != nil { // else what crossed them is unknown
		res.Edges = edges(r.o.Plan, r.start, r.final, res.Phases)
	}
	r.ran.plannedTimes(res, r.o.Plan)
	for i := range res.Phases {
		start, end := r.bounds(res, i)
		r.phaseCounts(&res.Phases[i], start, end)
	}
	res.Nodes = nodes(r.o.Plan, r.start, r.final)
	seconds, err := analysis.Timeline(res.Windows)
	if err != nil {
		r.happened(time.Since(r.zero), "note", "the windows could not be read: "+err.Error())
	}
	res.Faults = r.faults(seconds)
	r.traced(res)
	res.Actions = r.actions(r.touched, r.turnsUntilNow())
	res.Alerts, res.AlertsAsked = r.alerts, r.monitored.Until(r.ended)
	confirmRefusals(res)
	res.Events = r.chronicle.Told()
	res.Checks = r.checks(res, seconds, err)
	return res
}

// begun is what a record has from the begin.
func (r *run) begun() *record.Result {
	told := r.o.Plan.Scenario.Told()
	return &record.Result{
		Version:  record.Version,
		Scenario: r.o.Plan.Scenario.Name, About: r.o.Plan.Scenario.About, Variant: r.o.Plan.Scenario.Variant,
		Hypothesis: told.Hypothesis, Owner: told.Owner, Runbook: told.Runbook,
		Engine: r.o.Engine.Name(), Why: r.o.EngineWhy, Seed: r.o.Plan.Seed, Run: r.o.Run,
		Started: r.started, BeganAfterS: record.Seconds(r.zero.Sub(r.started)), Expectations: []record.Expectation{}, AlertsAt: r.o.AlertsAt,
		Host: record.Host{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Squall: r.o.Version},
	}
}

// phaseCounts gives a phase what was counted in it: between the readings at its begin and at its end (of a run that was cut,
// the last one). What is answered after the last phase is in none of them. A phase without either reading has nothing: it is
// unknown.
func (r *run) phaseCounts(p *record.Phase, start, end *Observation) {
	if start == nil || end == nil {
		return
	}
	for _, e := range edges(r.o.Plan, start, end, []record.Phase{*p}) {
		if e.Attempts > 0 || e.Connections > 0 || e.BytesUp+e.BytesDown > 0 || e.Delivery != nil {
			p.Edges = append(p.Edges, e)
		}
	}
	for _, one := range r.o.Plan.Instances {
		first, last := start.Nodes[one.Name], end.Nodes[one.Name]
		if !last.whole(&first) {
			continue
		}
		if counted := since(first.told(), last); len(counted) > 0 {
			p.Nodes = append(p.Nodes, record.PhaseNode{Instance: one.Name, Counters: counted})
		}
	}
}

// bounds are the readings at a phase's begin and end; nil: unknown.
func (r *run) bounds(res *record.Result, phase int) (start, end *Observation) {
	start, end = r.ran.bounds(r.start, r.turned, phase)
	if res.Partial && phase+1 == len(res.Phases) {
		end = r.final
	}
	return start, end
}

// said is an error in words, "" for none.
func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// faults are the record's faults, with their recovery.
func (r *run) faults(timeline []analysis.Second) []record.Fault {
	steady := analysis.SteadyState(timeline, r.steadyFrom(steadyEnd(r.ran.plan)), steadyEnd(r.ran.plan))
	spans := make([]analysis.OnOff, len(r.injections))
	out := make([]record.Fault, 0, len(r.injections))
	for n, i := range r.injections {
		f := r.carriedOut(n, i, r.ran)
		spans[n] = analysis.OnOff{What: title(i.fault), On: i.applied, Off: i.undone, Stays: i.fault.Fault.Stays()}
		out = append(out, f)
	}
	spans = append(spans, r.others()...)
	for n := range out {
		fault := r.injections[n].fault
		switch {
		case spans[n].On != nil:
		case leftOut(r.ran.way, fault.Start, fault.End):
			out[n].RecoveryUntold = "it was left out with its time, by hand"
			continue
		case r.ended < r.ran.plan.Total && r.ended <= r.ran.way.At(fault.Start):
			out[n].RecoveryUntold = "the run was cut short before it was to come on"
			continue
		}
		analysis.Recovery(timeline, steady, spans, n, r.ended).Into(&out[n])
	}
	return out
}

// carriedOut is a fault of the plan as it was carried out, with what it cut.
func (r *run) carriedOut(n int, i *injection, as ran) record.Fault {
	f := i.record(as.way)
	f.AlsoIn = alsoIn(as.plan, as.way.At(i.fault.Start), as.way.At(i.fault.End))
	f.Cut = r.recorder.Cut(n)
	f.Receipt.Text += cutText(f.Cut)
	return f
}

// alsoIn are the phases after its own that a fault was to last into.
func alsoIn(p *topology.Plan, start, end time.Duration) []string {
	var out []string
	for _, phase := range p.Phases {
		if phase.Start > start && phase.Start < end {
			out = append(out, phase.Name)
		}
	}
	return out
}

// record is the fault as it was carried out, without its recovery.
func (i *injection) record(way *course.Way) record.Fault {
	failure := i.failure()
	i.mu.Lock()
	defer i.mu.Unlock()
	f := i.fault
	out := record.Fault{
		Name: f.Fault.Name, Kind: f.Fault.Kind.Kind(), Text: f.Fault.Kind.String(), On: f.Fault.On.String(), Phase: f.Phase,
		Edges: f.Targets.Edges, Instances: f.Targets.Instances,
		ScheduledS: record.Seconds(way.At(f.Start)), ScheduledUndoS: record.Seconds(way.At(f.End)),
		AppliedS: maybeSeconds(i.applied), UndoneS: maybeSeconds(i.undone),
		Error: failure, Receipt: receipt(i.receipt, f.Fault.Kind.Kind()),
	}
	if out.Name == "" {
		out.Name = out.Text
	}
	if i.applied == nil {
		out.Receipt.Text = "it was never on"
	}
	if !way.Straight() {
		out.PlannedS, out.PlannedUndoS = ptr(record.Seconds(f.Start)), ptr(record.Seconds(f.End))
	}
	return out
}

func maybeSeconds(d *time.Duration) *float64 {
	if d == nil {
		return nil
	}
	s := record.Seconds(*d)
	return &s
}

// receipt is the record's receipt, with its words.
func receipt(r faults.Receipt, kind string) record.Receipt {
	out := record.Receipt{
		Met: r.Met(), Connections: r.Connections, Requests: r.Requests, Bytes: r.Bytes,
		Refused: r.Refused, Hung: r.Hung, Reset: r.Reset, Closed: r.Closed, LostBytes: r.Lost, DelayMs: r.DelayMs, FullDelayMs: r.FullDelayMs,
	}
	for _, d := range r.Deeds {
		did := record.Deed{Instance: d.Instance, What: d.What}
		if !d.Unread {
			did.Count = &d.N
		}
		if d.Disk != nil {
			did.Disk = (*record.DiskDeed)(d.Disk)
		}
		did.Drain = drain(d.Drain)
		out.Did = append(out.Did, did)
	}
	if share, counted := r.Coverage(); counted {
		out.Coverage = &share
	}
	out.Spread, out.Text = spreadOf(r.Spread), receiptText(r, kind)
	return out
}

// drain is the record's.
func drain(d *faults.DrainDeed) *record.DrainDeed {
	if d == nil {
		return nil
	}
	out := &record.DrainDeed{Machine: d.Machine, Killed: d.Killed, Connections: d.Connections, InFlight: d.InFlight, Unanswered: d.Unanswered}
	out.Elsewhere, out.Stayed = d.Elsewhere, d.Stayed
	if d.Took != nil {
		out.TookMs = ptr(record.Milliseconds(*d.Took))
	}
	if d.Away != nil {
		out.AwayMs = ptr(record.Milliseconds(*d.Away))
	}
	return out
}

// receiptText says what met a fault of this kind in a few words.
func receiptText(r faults.Receipt, kind string) string {
	traffic := trafficText(r, kind)
	switch {
	case r.Deeds == nil && traffic == "":
		return "no traffic met it"
	case r.Deeds == nil:
		return traffic
	case traffic == "":
		return faults.DeedsText(r.Deeds)
	}
	return faults.DeedsText(r.Deeds) + "; " + traffic
}

// trafficText says what traffic met it; empty: none.
func trafficText(r faults.Receipt, kind string) string {
	var words []string
	for _, part := range []struct {
		n         int64
		one, many string
	}{
		{r.Connections, "connection", "connections"}, {r.Requests, "request", "requests"}, {r.Refused, "refused", "refused"},
		// A caller that gets no answer to its SYN sends it again: more of them hang than callers wait.
		{r.Hung, "SYN dropped", "SYNs dropped"}, {r.Reset, "reset", "reset"}, {r.Closed, "closed", "closed"},
		{r.Lost, "byte lost", "bytes lost"},
	} {
		switch {
		case part.n == 1:
			words = append(words, "1 "+part.one)
		case part.n > 1:
			words = append(words, fmt.Sprintf("%d %s", part.n, part.many))
		}
	}
	switch {
	case r.DelayMs <= 0:
	case kind == "latency":
		words = append(words, fmt.Sprintf("+%.1f ms each", r.DelayMs))
	default: // A bottleneck holds the pieces of one request one after another: the mean of a piece is none of a request's.
		words = append(words, fmt.Sprintf("data held %.1f ms on average", r.DelayMs))
	}
	return strings.Join(words, ", ")
}

// cutText tells of requests that a fault cut, behind what met it in its own time.
func cutText(n int64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "; 1 request under way was cut"
	}
	return fmt.Sprintf("; %d requests under way were cut", n)
}

// confirmRefusals takes back a receipt that tells of refused connections alone where no caller saw a call fail:
// the kernel counts refusals only for all of a host's ports together, so that somebody else's may be among them.
func confirmRefusals(res *record.Result) {
	for i := range res.Faults {
		f := &res.Faults[i]
		r := &f.Receipt
		if r.Refused == 0 || r.Connections > r.Refused || r.Requests+r.Bytes+r.Hung+r.Reset+r.Closed > 0 {
			continue
		}
		if failures, counted := failuresUnder(res, f); counted && failures == 0 {
			*r = record.Receipt{Text: "no caller was refused" + cutText(f.Cut)}
		}
	}
}

// failuresUnder counts the failed calls over a fault's edges, or to its instances, in the phases that it was on in; false where no caller counts.
func failuresUnder(res *record.Result, f *record.Fault) (failures int64, counted bool) {
	if f.AppliedS == nil || f.UndoneS == nil {
		return 0, false
	}
	for _, p := range res.Phases {
		if p.StartS >= *f.UndoneS || p.EndS <= *f.AppliedS || len(p.Edges) == 0 {
			continue
		}
		counted = true
		for _, e := range p.Edges {
			if slices.Contains(f.Edges, e.Name) || slices.Contains(f.Instances, e.ToInst) {
				failures += e.Failures
			}
		}
	}
	return failures, counted
}
