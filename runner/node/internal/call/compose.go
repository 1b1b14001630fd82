package call

import "github.com/squallhq/squall/scenarios"

// order is the table of policies: each key of the language that has a unit, and what makes the unit for a callee (nil where
// the policy is off). The first is the outermost: it wraps the others, admits an attempt before them, learns what it came
// to after them, and narrows the choice before them.
var order = [...]struct {
	key string
	on  func(*making) policy
}{
	{"retry", newRetry},
	{"shard", newShards},
	{"slow_start", newSlowStart}, // before those that tell it of a replica that is back
	{"health_check", newHealth},
	{"hedge", newHedge}, // the last that wraps: it makes its attempts itself
	{"outliers", newOutliers},
	{"prefer", newPrefer},
	{"throttle", newThrottle},
	{"bulkhead", newBulkhead},
	{"circuit_breaker", newBreaker},
}

// compose turns on what the policy says.
func (e *Executor) compose(p scenarios.Policy) {
	m := &making{Policy: p, e: e}
	for _, row := range order {
		if on := row.on(m); on != nil {
			e.all = append(e.all, on)
		}
	}
	for n := len(e.all) - 1; n >= 0; n-- {
		if w, is := e.all[n].(wrapper); is {
			e.wrap(w)
		}
	}
	for _, on := range e.all {
		if g, is := on.(gate); is {
			e.gates = append(e.gates, g)
		}
		if c, is := on.(chooser); is {
			e.choosers = append(e.choosers, c)
		}
	}
}

// wrap puts a wrapper around what there is.
func (e *Executor) wrap(w wrapper) {
	if e.round == nil {
		e.round = e.Once
	}
	e.round = w.wrap(e.round)
}
