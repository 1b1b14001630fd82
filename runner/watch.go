package runner

import (
	"time"

	"github.com/squallhq/squall/runner/record"
)

// say tells the watcher what happens, in a state that stays where none is given.
func (r *run) say(state, message string) {
	if r.zero.IsZero() {
		r.tell(state, message, 0)
		return
	}
	r.tell(state, message, time.Since(r.zero))
}

// report is the line of each second.
func (r *run) report(now time.Duration) { r.tell("", "", now) }

func (r *run) tell(state, message string, now time.Duration) {
	var active []string
	lifted := false
	for _, i := range r.injections {
		if i.active() {
			active = append(active, title(i.fault))
		}
		i.mu.Lock()
		lifted = lifted || i.undone != nil
		i.mu.Unlock()
	}
	var live record.Live
	if r.o.Watch != nil {
		live = r.recorder.Live(now)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if state != "" {
		r.state = state
	}
	shown := r.state
	if shown == "running" && lifted && len(active) == 0 {
		shown = "recovering"
	}
	if r.o.Watch == nil {
		return
	}
	r.o.Watch(record.Status{
		State: shown, Message: message, Phase: r.phaseAt(now),
		Elapsed: now, Total: r.o.Plan.Total,
		Rate: live.Rate, Success: live.Success, P99: live.P99, Answers: live.Answers, Faults: active,
		Look: func() record.Scene { return r.scene(now) },
	})
}

// phaseAt is the phase of an offset; empty before the first and after the last.
func (r *run) phaseAt(at time.Duration) string {
	if r.zero.IsZero() {
		return ""
	}
	for _, p := range r.o.Plan.Phases {
		if at >= p.Start && at < p.End {
			return p.Name
		}
	}
	return ""
}
