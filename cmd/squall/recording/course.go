package recording

import (
	"cmp"
	"time"

	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// shortest is the shortest phase that a scenario may have.
const shortest = 10 * time.Millisecond

// phase is one of the scenario as it really was: times are of the run, to the ms.
type phase struct {
	// index of it in the scenario.
	index      int
	name       string
	start, end time.Duration
}

// ran is how the scenario's phases went.
type ran struct {
	way *course.Way
	// total is when the last phase ended, or the run was cut short.
	total  time.Duration
	phases []phase
	// as tells that they went as planned.
	as bool
	// paces are what people made of loads' rates, by load, in the order of time.
	paces map[string][]pace
}

// ranOf is how a run's phases went, from what people did to them.
func ranOf(res *record.Result, s *scenarios.Scenario) (ran, error) {
	planned := make([]course.Phase, len(s.Phases))
	var end time.Duration
	for i, p := range s.Phases {
		planned[i] = course.Phase{Name: p.Name, Start: end, End: end + p.For}
		end += p.For
	}
	c := course.New(planned)
	if err := turn(c, res.Actions); err != nil {
		return ran{}, err
	}
	out := ran{way: c.Way(), paces: map[string][]pace{}}
	out.total = min(out.way.Total(), seconds(res.DurationS))
	if !res.Partial {
		out.total = out.way.Total()
	}
	out.total = out.total.Round(time.Millisecond)
	for _, a := range res.Actions {
		if load, one, is := paceOf(a); is {
			one.to = min(cmp.Or(one.to, out.total), out.total)
			out.paces[load] = append(out.paces[load], one)
		}
	}
	out.as = out.way.Straight() && !res.Partial
	for i, p := range planned {
		one := phase{i, p.Name, out.at(p.Start), min(out.at(p.End), out.total)}
		if one.end-one.start >= shortest {
			out.phases = append(out.phases, one)
		}
	}
	return out, nil
}

// at is when a time of the plan came, to the ms.
func (r *ran) at(plan time.Duration) time.Duration { return r.way.At(plan).Round(time.Millisecond) }

// in is the phase of a time of the run; nil: none was.
func (r *ran) in(at time.Duration) *phase {
	for i := range r.phases {
		if at >= r.phases[i].start && at < r.phases[i].end {
			return &r.phases[i]
		}
	}
	return nil
}

// turn does to a course what people did to the run's.
func turn(c *course.Course, actions []record.Action) error {
	var held *record.Action
	release := func(until float64) error {
		if held == nil || held.UndoneS == nil || *held.UndoneS > until || !c.Held() {
			return nil
		}
		at := seconds(*held.UndoneS)
		held = nil
		return c.Go(at)
	}
	for i := range actions {
		a := &actions[i]
		if a.Phase == "" {
			continue
		}
		ends := a.What == "next" || a.What == "go" // and a hold with it
		if !ends {
			if err := release(a.AtS); err != nil {
				return err
			}
		} else if held != nil && held.UndoneS != nil && *held.UndoneS < a.AtS-1e-6 {
			if err := release(a.AtS); err != nil {
				return err
			}
		}
		var err error
		switch a.What {
		case "hold":
			held, err = a, c.Hold(seconds(a.AtS))
		case "next", "go":
			held, err = nil, c.End(seconds(a.AtS))
		case "skip":
			_, err = c.LeaveOut(seconds(a.AtS))
		}
		if err != nil {
			return err
		}
	}
	return release(1e12)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func millis(s float64) time.Duration { return seconds(s).Round(time.Millisecond) }

// stages are those of a load as they were sent: where the phases stood still, so did the rate; what was leapt over was not sent.
func (r *ran) stages(l *scenarios.Load) []scenarios.Stage {
	var out []scenarios.Stage
	stretches := r.way.Stretches()
	for n, s := range stretches {
		begin, end := max(s.Run, 0), r.total
		if n+1 < len(stretches) {
			end = min(end, stretches[n+1].Run)
		}
		begin, end = begin.Round(time.Millisecond), end.Round(time.Millisecond)
		if begin >= end {
			continue
		}
		if !s.Passes {
			rate := rateAt(l.Shape(), s.Plan)
			out = append(out, scenarios.Stage{For: end - begin, From: rate, To: rate})
			continue
		}
		out = append(out, cut(l.Shape(), s.Plan+begin-s.Run, s.Plan+end-s.Run)...)
	}
	return paced(out, r.paces[l.Name], r.total)
}

// rateAt is the rate of a shape at a time of the plan.
func rateAt(shape []scenarios.Stage, at time.Duration) float64 {
	last := 0.
	for _, s := range shape {
		if s.For == 0 || at < s.For {
			if s.For == 0 {
				return s.From
			}
			return s.From + (s.To-s.From)*float64(at)/float64(s.For)
		}
		at -= s.For
		last = s.To
	}
	return last
}

// cut is a shape from one time of the plan to another.
func cut(shape []scenarios.Stage, from, to time.Duration) []scenarios.Stage {
	var out []scenarios.Stage
	at, last := time.Duration(0), 0.
	for _, s := range shape {
		end := at + s.For
		if s.For == 0 {
			end = to
		}
		if begin, over := max(at, from), min(end, to); begin < over {
			part := scenarios.Stage{For: over - begin, From: s.From, To: s.To}
			if s.From != s.To {
				part.From, part.To = rateAt([]scenarios.Stage{s}, begin-at), s.From+(s.To-s.From)*float64(over-at)/float64(s.For)
			}
			out = append(out, part)
		}
		at, last = end, s.To
	}
	if begin := max(at, from); begin < to {
		out = append(out, scenarios.Stage{For: to - begin, From: last, To: last})
	}
	return out
}
