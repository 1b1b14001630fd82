package record

// Action is something that was done to a run, whether its plan has it or not.
type Action struct {
	// AtS is when, from the start of the first phase.
	AtS float64 `json:"at_s" since:"2026-11-29"`
	// Who did it: plan, hand (somebody who used one of squall's doors) or outside (somebody who did not).
	Who string `json:"who" since:"2026-11-29"`
	// Door that it came through: toxiproxy's API, a signal, the container engine ...
	Door string `json:"door" since:"2026-11-29"`
	// What was done, in words.
	What string `json:"what" since:"2026-11-29"`
	// On is the edge or instance that it was done to, by its name.
	On string `json:"on" since:"2026-11-29"`
	// UndoneS is when it was taken back; null: it stayed until the end, or can't be taken back.
	UndoneS *float64 `json:"undone_s" since:"2026-11-29"`
	// Receipt is what met it, where that was counted.
	Receipt *Receipt `json:"receipt,omitempty" since:"2026-11-29"`
}

// In tells that it was done in a phase, or was still so in it; what stayed or can't be taken back is of the phase that it was done in.
func (a *Action) In(p Phase) bool {
	return a.AtS < p.EndS && (a.UndoneS == nil && a.AtS >= p.StartS || a.UndoneS != nil && *a.UndoneS > p.StartS)
}

// The values of Action.Who.
const (
	ByPlan    = "plan"
	ByHand    = "hand"
	ByOutside = "outside"
)
