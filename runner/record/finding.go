package record

// Finding is one thing that went wrong in a run, and why: a rule over the record found it.
type Finding struct {
	// Kind of finding: see squall explain KIND.
	Kind string `json:"kind" since:"2026-11-29"`
	// Where: a node, or an edge as CALLER -> CALLEE.
	Where string `json:"where" since:"2026-11-29"`
	// When it was so.
	When Stretch `json:"when" since:"2026-11-29"`
	// Who lost by it: requests, as LOAD: REQUEST.
	Who []string `json:"who" since:"2026-11-29"`
	// Lost is how many of these users' requests failed, were cut, or took much longer than in the steady phase: what findings are
	// ordered by. It is everything that they lost in that time, of which the finding may be one cause of several.
	Lost int64 `json:"lost" unit:"requests" since:"2026-11-29"`
	// Evidence is the figures that show it.
	Evidence []string `json:"evidence" since:"2026-11-29"`
	// Because says how the figures come about.
	Because string `json:"because" since:"2026-11-29"`
	// Try names what the library of patterns has for it, the likeliest first.
	Try []Remedy `json:"try" since:"2026-11-29"`
}

// Stretch is a part of a run.
type Stretch struct {
	// Phase that it lies in.
	Phase string `json:"phase" since:"2026-11-29"`
	// FromS is its begin.
	FromS float64 `json:"from_s" since:"2026-11-29"`
	// ToS is its end.
	ToS float64 `json:"to_s" since:"2026-11-29"`
}

// Remedy is a pattern that mends or bounds what was found.
type Remedy struct {
	// Pattern by its name in the library.
	Pattern string `json:"pattern" since:"2026-11-29"`
	// About says what it buys, in a sentence.
	About string `json:"about" since:"2026-11-29"`
	// Example is the scenario that shows it.
	Example string `json:"example" since:"2026-11-29"`
}
