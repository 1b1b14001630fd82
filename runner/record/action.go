package record

import "slices"

// Action is something that was done to a run, whether its plan has it or not.
type Action struct {
	// AtS is when, from the start of the first phase.
	AtS float64 `json:"at_s" since:"2026-11-29"`
	// Who did it: plan, hand (somebody who used one of squall's doors), outside (somebody who did not) or itself (an instance that
	// ended, and that its restart policy starts again, or a run that its pause_when holds).
	Who string `json:"who" since:"2026-11-29"`
	// Door that it came through: squall ctl, HTTP, page, keys, toxiproxy's API, a signal, the container engine ...
	Door string `json:"door" since:"2026-11-29"`
	// What was done, in words.
	What string `json:"what" since:"2026-11-29"`
	// Fault is what was put on as a line of a scenario's faults, but for when and for how long; absent where the language has no words for it.
	Fault string `json:"fault,omitempty" since:"2026-11-30"`
	// On is the edge or instance that it was done to, by its name.
	On string `json:"on" since:"2026-11-29"`
	// Edges are those that it was put on, by name, where it came through one of squall's own doors.
	Edges []string `json:"edges,omitempty" since:"2026-11-30"`
	// Instances are those that it was done to, where it came through one of squall's own doors.
	Instances []string `json:"instances,omitempty" since:"2026-11-30"`
	// Person is who did it, as they said themselves; absent where they did not.
	Person string `json:"person,omitempty" since:"2026-11-29"`
	// Act is what it is called by, from 1 on, where a person put it on through squall ctl or the run's page.
	Act int `json:"act,omitempty" since:"2026-11-29"`
	// ExpiresS is when it was to end by itself, where a person put it on so.
	ExpiresS *float64 `json:"expires_s,omitempty" since:"2026-11-29"`
	// UndoneS is when it was taken back; null: it stayed until the end, or can't be taken back.
	UndoneS *float64 `json:"undone_s" since:"2026-11-29"`
	// Stays tells that it was so until the run's end: it could have been taken back, and was not.
	Stays bool `json:"stays,omitempty" since:"2026-11-30"`
	// Phase that it changed, where it changed one: hold kept it going until undone_s, next and go ended it, skip left it out.
	Phase string `json:"phase,omitempty" since:"2026-11-30"`
	// Planned tells that the plan has it: go, in a phase that waits for somebody.
	Planned bool `json:"planned,omitempty" since:"2026-11-30"`
	// Receipt is what met it, where that was counted.
	Receipt *Receipt `json:"receipt,omitempty" since:"2026-11-29"`
}

// Foreign tells what neither the plan nor what runs in it has done.
func (a *Action) Foreign() bool { return !a.Planned && a.Who != ByPlan && a.Who != ByItself }

// In tells that it was done to a phase, or in it, or was still so in it; what can't be taken back is of the phase that it was done in.
func (a *Action) In(p Phase) bool {
	if a.Phase != "" {
		return a.Phase == p.Name
	}
	return a.AtS < p.EndS && (a.UndoneS == nil && (a.Stays || a.AtS >= p.StartS) || a.UndoneS != nil && *a.UndoneS > p.StartS)
}

// By says who did it: by hand, or by a person's name, or from outside; "" for what happened by itself.
func (a *Action) By() string {
	switch {
	case a.Who == ByItself:
		return ""
	case a.Who == ByOutside:
		return "from outside"
	case a.Person != "":
		return "by " + a.Person
	}
	return "by hand"
}

// Touched tells a phase in which something was done beside the plan, or was still so.
func (r *Result) Touched(p Phase) bool {
	return slices.ContainsFunc(r.Actions, func(a Action) bool { return a.Foreign() && a.In(p) })
}

// How says by whom it was done, and through which door.
func (a *Action) How() string {
	if by := a.By(); by != "" {
		return by + ", " + a.Door
	}
	return a.Door
}

// The values of Action.Who.
const (
	ByPlan    = "plan"
	ByHand    = "hand"
	ByOutside = "outside"
	ByItself  = "itself"
)

// Alert is what monitoring told of while the run went on.
type Alert struct {
	// AtS is when it came, from the start of the first phase.
	AtS float64 `json:"at_s" unit:"s" since:"2026-11-30"`
	// Name of the alert (alertname).
	Name string `json:"name" since:"2026-11-30"`
	// Firing, or it says that it is resolved.
	Firing bool `json:"firing" since:"2026-11-30"`
	// By says who told of it: a person, or "" for monitoring itself.
	By string `json:"by,omitempty" since:"2026-11-30"`
	// Asked: Prometheus said so when it was asked, and at_s is when; else it was sent.
	Asked bool `json:"asked,omitempty" since:"2026-11-30"`
	// ActiveS is since when its rule has held, by Prometheus' clock, from the start of the first phase; absent: nobody said.
	ActiveS *float64 `json:"active_s,omitempty" unit:"s" since:"2026-11-30"`
	// Labels of it, as the alert manager has them.
	Labels map[string]string `json:"labels,omitempty" since:"2026-11-30"`
}

// AlertsAsked is how a Prometheus was asked which alerts fire.
type AlertsAsked struct {
	// At is its address.
	At string `json:"at" since:"2026-11-30"`
	// EveryS is the time between two questions.
	EveryS float64 `json:"every_s" unit:"s" since:"2026-11-30"`
	// Answered is how many questions were.
	Answered int64 `json:"answered" unit:"questions" since:"2026-11-30"`
	// Failed is how many had no answer.
	Failed int64 `json:"failed" unit:"questions" since:"2026-11-30"`
	// Unknown are the times in which nobody answered for so long that an alert could have come and gone.
	Unknown []Silence `json:"unknown,omitempty" since:"2026-11-30"`
}

// Silence is a time without an answer, from the start of the first phase.
type Silence struct {
	// FromS is when the last answer before it came, or the first question was put.
	FromS float64 `json:"from_s" unit:"s" since:"2026-11-30"`
	// ToS is when the next answer came, or the run was over.
	ToS float64 `json:"to_s" unit:"s" since:"2026-11-30"`
}

// String is it in words.
func (a Alert) String() string {
	text := a.Name + " fires"
	if !a.Firing {
		text = a.Name + " is resolved"
	}
	if a.By != "" {
		text += " (told by " + a.By + ")"
	}
	return text
}
