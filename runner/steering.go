package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// DefaultHold is the longest that a phase is held where nobody says how long: a run that is forgotten ends.
const DefaultHold = time.Hour

// What people do to the course of a run.
const (
	turnHold = "hold"
	turnNext = "next"
	turnSkip = "skip"
	turnGo   = "go"
)

// turn is one change of a run's course.
type turn struct {
	what string
	// phase of the plan that it changed: the one that is held, ended or left out.
	phase string
	by    By
	at    time.Duration
	// load is the one whose pace it changed, in place of a phase.
	load string
	// planned: the phase waits for it.
	planned bool
	// until is when a hold ends by itself, over when it did end.
	until, over *time.Duration
}

// Steered is what came of steering a run.
type Steered struct {
	// Phase that it is about: the one that is held or goes on, begins, or is left out; "" where none begins any more.
	Phase string
	// Until is when a hold ends by itself, from the start of the first phase.
	Until time.Duration
}

// Hold keeps the present phase going, with its faults and its load as they are, until Go or Next, and for as long as lasts at most.
func (h *Hands) Hold(ctx context.Context, by By, lasts time.Duration) (Steered, error) {
	return h.steer(ctx, func(r *run, now time.Duration) (Steered, error) { return r.holdPhase(now, by, lasts) })
}

// Go ends a phase that waits for it, or else a hold.
func (h *Hands) Go(ctx context.Context, by By) (Steered, error) {
	return h.steer(ctx, func(r *run, now time.Duration) (Steered, error) {
		if i := r.course.Present(now); r.waits(i) {
			return r.endPhase(now, by)
		}
		if r.held == nil {
			return Steered{}, errors.New("nothing is held, and the phase waits for nobody")
		}
		phase := r.held.phase
		return Steered{Phase: phase}, r.release(now, " ("+by.how()+")")
	})
}

// Next ends the present phase and begins the next one; after the last one the run ends.
func (h *Hands) Next(ctx context.Context, by By) (Steered, error) {
	return h.steer(ctx, func(r *run, now time.Duration) (Steered, error) { return r.endPhase(now, by) })
}

// Skip leaves out the phase that comes next.
func (h *Hands) Skip(ctx context.Context, by By) (Steered, error) {
	return h.steer(ctx, func(r *run, now time.Duration) (Steered, error) { return r.skipPhase(now, by) })
}

// Pace changes the rates of open loads from now on, of one or with "" of all: to so many times what the plan has, or where Times is 0 to Rate a
// second. Once the plan's (Times: 1) is the plan's again. It returns whose.
func (h *Hands) Pace(ctx context.Context, by By, load string, pace course.Pace) ([]string, error) {
	var out []string
	_, err := h.steer(ctx, func(r *run, now time.Duration) (_ Steered, err error) {
		out, err = r.pace(now, by, load, pace)
		return Steered{}, err
	})
	return out, err
}

// steer has the loop change the run's course.
func (h *Hands) steer(ctx context.Context, do func(*run, time.Duration) (Steered, error)) (Steered, error) {
	var out Steered
	err := h.now(ctx, func(r *run, now time.Duration) (err error) {
		out, err = do(r, now)
		return err
	})
	if errors.Is(err, course.ErrOver) {
		err = ErrOver
	}
	return out, err
}

// waits tells a phase of the plan that waits for somebody who says go.
func (r *run) waits(index int) bool {
	phases := r.o.Plan.Scenario.Phases
	return index >= 0 && index < len(phases) && phases[index].Waits()
}

// waited says of a phase that has waited whether nobody came.
func (r *run) waited(p topology.Span) {
	if !slices.ContainsFunc(r.turns, func(t *turn) bool { return t.phase == p.Name && t.planned }) {
		r.happened(time.Since(r.zero), "note", fmt.Sprintf("phase %s: nobody said go within %s", p.Name, p.End-p.Start))
	}
}

// watch judges the seconds that are over by what ends and holds the run; the error is that it is to end.
func (r *run) watch(now time.Duration) error {
	ends := len(r.o.Plan.Scenario.AbortWhen)
	for _, met := range r.lookout.Judge(now, r.phaseAt) {
		trip := record.Trip{AtS: record.Seconds(now), Does: record.TripAborts, Text: met.Text, Measured: met.Measured, Line: met.Line, Column: met.Column}
		if met.Index >= ends {
			trip.Does = record.TripPauses
		}
		r.trips = append(r.trips, trip)
		if trip.Does == record.TripAborts {
			r.aborted = &Tripped{trip}
			r.happened(now, "action", r.aborted.Error())
			return r.aborted
		}
		r.pause(now, trip)
	}
	return nil
}

// pause holds the phase under way for a trip, where it is not held already.
func (r *run) pause(now time.Duration, trip record.Trip) {
	r.happened(now, "action", fmt.Sprintf("pause_when %s: %s", trip.Text, trip.Measured))
	if r.held != nil {
		return
	}
	if _, err := r.holdPhase(now, By{Door: pauseDoor}, DefaultHold); err != nil {
		r.happened(now, "note", "the phase could not be held: "+err.Error())
	}
}

// pauseDoor is the door of a hold that nobody asked for.
const pauseDoor = "pause_when"

// Tripped is the cause of a run's end where its scenario says that it ends.
type Tripped struct{ Trip record.Trip }

func (t *Tripped) Error() string {
	return fmt.Sprintf("aborted: %s, where abort_when says %s", t.Trip.Measured, t.Trip.Text)
}

// refuseWaits is why a run can't be made in which phases wait for somebody, and nobody can say a word.
func (o Options) refuseWaits() error {
	if o.Hands != nil {
		return nil
	}
	for _, p := range o.Plan.Scenario.Phases {
		if p.Waits() {
			return fmt.Errorf("phase %q waits for somebody who says go, and nobody can in this run", p.Name)
		}
	}
	if o.Plan.Scenario.PauseWhen != nil {
		return errors.New("pause_when holds a phase until somebody says go, and nobody can in this run")
	}
	return nil
}

// present is the phase under way; the error says that there is none.
func (r *run) present(now time.Duration) (topology.Span, error) {
	if i := r.course.Present(now); i >= 0 {
		return r.o.Plan.Phases[i], nil
	}
	if now < 0 {
		return topology.Span{}, errors.New("it is warming up: no phase is under way yet")
	}
	if r.kept {
		return topology.Span{}, errors.New("the run is over, and its system is kept up: no phase is under way; inject, clear, note, mark and abort do work")
	}
	return topology.Span{}, ErrOver
}

func (r *run) holdPhase(now time.Duration, by By, lasts time.Duration) (Steered, error) {
	phase, err := r.present(now)
	if err != nil {
		return Steered{}, err
	}
	if r.held != nil {
		return Steered{}, fmt.Errorf("phase %s is held already (%s)", r.held.phase, r.held.by.how())
	}
	if err := r.course.Hold(now); err != nil {
		return Steered{}, err
	}
	until := now + lasts
	r.held = r.turn(turn{what: turnHold, phase: phase.Name, by: by, at: now, until: &until})
	r.moved(now)
	r.happened(now, "action", fmt.Sprintf("phase %s is held, for %s at most (%s)", phase.Name, lasts, by.how()))
	r.say("held", "")
	return Steered{phase.Name, until}, nil
}

// release ends the hold that is on.
func (r *run) release(now time.Duration, how string) error {
	if err := r.course.Go(now); err != nil {
		return err
	}
	phase := r.held.phase
	r.letGo(now)
	r.moved(now)
	r.say("running", "")
	r.happened(now, "action", fmt.Sprintf("phase %s goes on%s", phase, how))
	return nil
}

// letGo notes that the hold that is on, if any is, is over.
func (r *run) letGo(now time.Duration) {
	if r.held != nil {
		r.held.over, r.held = &now, nil
	}
}

// holdEnds is when the hold that is on ends by itself.
func (r *run) holdEnds() time.Duration {
	if r.held == nil {
		return course.Never
	}
	return *r.held.until
}

func (r *run) endPhase(now time.Duration, by By) (Steered, error) {
	phase, err := r.present(now)
	if err != nil {
		return Steered{}, err
	}
	next, waits := r.course.Next(now), r.waits(r.course.Present(now))
	if err := r.course.End(now); err != nil {
		return Steered{}, err
	}
	r.letGo(now)
	what, text := turnNext, "phase %s is ended (%s)"
	if waits {
		what, text = turnGo, "phase %s has waited for this go (%s)"
	}
	r.turn(turn{what: what, phase: phase.Name, by: by, at: now, planned: waits})
	r.moved(now)
	r.happened(now, "action", fmt.Sprintf(text, phase.Name, by.how()))
	return Steered{Phase: r.phaseName(next)}, nil
}

func (r *run) skipPhase(now time.Duration, by By) (Steered, error) {
	if _, err := r.present(now); err != nil {
		return Steered{}, err
	}
	phase, err := r.course.LeaveOut(now)
	if err != nil {
		return Steered{}, err
	}
	name := r.phaseName(phase)
	r.turn(turn{what: turnSkip, phase: name, by: by, at: now})
	r.moved(now)
	r.happened(now, "action", fmt.Sprintf("phase %s will be left out (%s)", name, by.how()))
	return Steered{Phase: name}, nil
}

// The most that people may ask of a load: a second, as of a scenario.
const mostRate = 1e6

func (r *run) pace(now time.Duration, by By, load string, pace course.Pace) ([]string, error) {
	if _, err := r.present(now); err != nil {
		return nil, err
	}
	var names, open []string
	for _, l := range r.o.Plan.Scenario.Loads {
		names = append(names, l.Name)
		switch {
		case load != "" && l.Name != load:
		case !l.Paced():
			if load != "" {
				return nil, fmt.Errorf("load %q has no rate: it is of users that wait for their answers, or a recording", load)
			}
		default:
			open = append(open, l.Name)
			for _, s := range l.Shape() {
				if max(s.From, s.To)*pace.Times > mostRate || pace.Rate > mostRate {
					return nil, fmt.Errorf("load %q would send more than %.0f/s", l.Name, mostRate)
				}
			}
		}
	}
	if open == nil {
		return nil, fmt.Errorf("there is no load %q with a rate; there are %v", load, names)
	}
	if err := r.course.Pace(now, pace, open...); err != nil {
		return nil, err
	}
	what := fmt.Sprintf("%g/s", pace.Rate)
	if pace.Times > 0 {
		what = fmt.Sprintf("x%g", pace.Times)
	}
	for _, name := range open {
		for _, t := range r.turns {
			if t.load == name && t.over == nil {
				t.over = &now
			}
		}
		if pace.Times != 1 {
			r.turn(turn{what: what, load: name, by: by, at: now})
		}
		r.happened(now, "action", fmt.Sprintf("load %s: %s (%s)", name, what, by.how()))
	}
	return open, nil
}

func (r *run) phaseName(index int) string {
	if index < 0 {
		return ""
	}
	return r.o.Plan.Phases[index].Name
}

func (r *run) turn(t turn) *turn {
	r.turns = append(r.turns, &t)
	return &t
}

// moved tells all that count by the plan's phases and faults when these are now.
func (r *run) moved(now time.Duration) {
	way := r.course.Way()
	phases, faults := spans(r.o.Plan, way)
	r.recorder.Move(phases, faults)
	r.traces.Move(phases)
	r.calm.until.Store(int64(way.At(calmEnd(r.o.Plan))))
	for _, i := range r.acts {
		i.mu.Lock()
		i.fault.End = min(i.asked, max(way.Total(), now))
		i.mu.Unlock()
	}
}

// steerings are turns as actions.
func steerings(turns []turn) []record.Action {
	var out []record.Action
	for _, t := range turns {
		a := t.by.action()
		a.AtS, a.What, a.UndoneS = record.Seconds(t.at), t.what, maybeSeconds(t.over)
		if t.load != "" {
			a.On, a.Stays = "load "+t.load, t.over == nil
		} else {
			a.On, a.Phase, a.Planned, a.ExpiresS = "phase "+t.phase, t.phase, t.planned, maybeSeconds(t.until)
		}
		out = append(out, a)
	}
	return out
}

// turnsUntilNow are the turns so far, as values.
func (r *run) turnsUntilNow() []turn {
	out := make([]turn, len(r.turns))
	for i, t := range r.turns {
		out[i] = *t
	}
	return out
}
