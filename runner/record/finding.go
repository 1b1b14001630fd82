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
	// Lost is how many of these users' requests failed, were cut, or took much longer than those of the same rank in the steady phase (more than
	// twice as long, and 20 ms more, where a hundredth of them did); or, where those are more, failed or were not as an expectation asks that did not
	// hold: what findings are ordered by. It is everything that they lost in that time, of which the finding may be one cause of several.
	Lost int64 `json:"lost" unit:"requests" since:"2026-11-29"`
	// Evidence is the figures that show it.
	Evidence []string `json:"evidence" since:"2026-11-29"`
	// Because says how the figures come about.
	Because string `json:"because" since:"2026-11-29"`
	// Spread is the way it went: the nodes that degraded, and the load whose users felt it, in the order of their first bad
	// second; within one what is deeper is first. The first of them is the bottleneck as far as seconds tell. Absent where the
	// record has no series or no steady phase to compare with.
	Spread []Worsened `json:"spread,omitempty" since:"2026-11-29"`
	// Try names what the library of patterns has for it, the likeliest first.
	Try []Remedy `json:"try" since:"2026-11-29"`
}

// Worsened is a node, or a load, in the second in which it first was much worse than in the steady phase.
type Worsened struct {
	// Where: a node or a load.
	Where string `json:"where" since:"2026-11-29"`
	// AtS is the begin of that second.
	AtS float64 `json:"at_s" since:"2026-11-29"`
	// What says how, in figures.
	What string `json:"what" since:"2026-11-29"`
}

// Absorbed is what one mechanism of the architecture kept from its users, or from what is behind it, in one phase with a fault, or refused by rule in
// any but the steady one.
type Absorbed struct {
	// Phase in which it did.
	Phase string `json:"phase" since:"2026-11-29"`
	// Where: a node.
	Where string `json:"where" since:"2026-11-29"`
	// By is the mechanism: cache, fallback, breaker, hedge, failover, queue, shedding, bulkhead, rate limit, bot rules.
	By string `json:"by" since:"2026-11-29"`
	// Count is how often.
	Count int64 `json:"count" unit:"requests" since:"2026-11-29"`
	// Text is all of this in words.
	Text string `json:"text" since:"2026-11-29"`
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
