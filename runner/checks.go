package runner

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/analysis"
	"github.com/squallhq/squall/runner/record"
)

// checks are the run's own validity: whether its figures can be trusted, whatever they say. One that
// fails makes the run inconclusive. A check that has nothing to look at is left out. seconds are those of the windows, unread where these
// could not be read.
func (r *run) checks(res *record.Result, seconds []analysis.Second, unread error) []record.Check {
	out := []record.Check{}
	add := func(c *record.Check) {
		if c != nil {
			out = append(out, *c)
		}
	}
	add(ptr(analysis.ScheduleCheck(res.Generator)))
	for _, c := range analysis.GeneratorChecks(res.Generators, r.shortest()) {
		add(&c)
	}
	add(ptr(r.balanceCheck()))
	for _, c := range r.entryChecks(res) {
		add(&c)
	}
	add(r.callsCheck(res))
	places := r.places(res)
	add(analysis.PlacesCheck(places))
	add(analysis.LittlePlacesCheck(places))
	for _, c := range r.littleChecks() {
		add(c)
	}
	add(r.steadyCheck(seconds, unread))
	for _, i := range r.injections {
		add(i.delayCheck(r.ran.way))
		add(i.latenessCheck(r.ran.way))
		add(i.spreadCheck(r.ran.way))
	}
	add(r.descriptorCheck(res))
	add(r.scarcityCheck())
	add(r.survivalCheck())
	add(r.cpuCheck(res))
	return out
}

// shortest is how long the shortest phase or fault was planned to last.
func (r *run) shortest() time.Duration {
	out := r.o.Plan.Total
	for _, p := range r.ran.plan.Phases {
		out = min(out, p.End-p.Start)
	}
	for _, f := range r.ran.plan.Faults {
		if f.End > f.Start {
			out = min(out, f.End-f.Start)
		}
	}
	return out
}

func ptr[T any](v T) *T { return &v }

// steadyCheck tells whether there was a steady state: two halves that agree. A run without faults claims none.
func (r *run) steadyCheck(seconds []analysis.Second, unread error) *record.Check {
	if len(r.injections) == 0 {
		return nil
	}
	if unread != nil {
		return &record.Check{Name: "steady state", Text: unread.Error()}
	}
	end := min(steadyEnd(r.ran.plan), r.ended)
	return analysis.SteadyCheck(seconds, r.steadyFrom(end), end)
}

func (r *run) balanceCheck() record.Check {
	if err := r.recorder.Balance(); err != nil {
		return record.Check{Name: "flow conservation", Text: err.Error()}
	}
	return record.Check{Name: "flow conservation", Text: "ok + degraded + failed = sent, for every request and phase", OK: true}
}

func (r *run) survivalCheck() *record.Check {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.deaths) == 0 {
		return &record.Check{Name: "instances stayed up", Text: "none ended that no fault had ended", OK: true}
	}
	told := make([]string, len(r.deaths))
	for n, d := range r.deaths {
		told[n] = d.text
	}
	return &record.Check{Name: "instances stayed up", Text: strings.Join(told, "; ")}
}

// mostCPU is the share of the machine's CPUs that the harness itself may use.
const mostCPU = 0.9

func (r *run) cpuCheck(res *record.Result) *record.Check {
	if _, virtual := r.o.Engine.(Enclosing); virtual {
		return nil // the harness has as much time as it takes
	}
	share := res.Host.HarnessCPUs / float64(runtime.NumCPU())
	return &record.Check{
		Name: "harness CPU",
		OK:   share <= mostCPU,
		Text: fmt.Sprintf("generator and mesh used %.2f of %d cores", res.Host.HarnessCPUs, runtime.NumCPU()),
	}
}
