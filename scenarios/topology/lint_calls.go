package topology

import (
	"strings"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// patience is one way in which a node calls another and waits for it: with the policy that it does so by.
type patience struct {
	from, to string
	timeout  time.Duration // of one attempt; 0: as long as it takes
	attempts int           // 1 and more
}

// lintCalls warns of what the nodes' policies do to each other: retries that multiply, and timeouts whose caller gives up sooner.
func (b *builder) lintCalls() {
	calls := map[string][]patience{}
	for _, n := range b.Scenario.Nodes {
		calls[n.Name] = patienceOf(n)
	}
	seen := map[string]bool{}
	warn := func(format string, args ...any) {
		before := len(b.Warnings)
		b.warn(format, args...)
		if text := b.Warnings[before]; seen[text] {
			b.Warnings = b.Warnings[:before]
		} else {
			seen[text] = true
		}
	}
	for _, n := range b.Scenario.Nodes {
		for _, outer := range calls[n.Name] {
			for _, inner := range calls[outer.to] {
				if outer.timeout > 0 && (inner.timeout == 0 || inner.timeout >= outer.timeout) && (inner.timeout > 0 || waits(b.Scenario.Node(outer.to))) {
					warn("%s gives up on %s after %s, and %s waits %s for %s: what it does about a %s that hangs comes when nobody waits for it",
						outer.from, outer.to, outer.timeout, inner.from, asLong(inner.timeout), inner.to, inner.to)
				}
			}
		}
	}
	known := map[string]way{}
	for _, l := range b.Scenario.Loads {
		if way := mostAttempts(calls, l.To, known); way.layers > 1 {
			warn("retries multiply along %s: up to %d attempts for one request; retry at one layer, or within a budget", strings.Join(way.names, " -> "), way.attempts)
		}
	}
}

// waits tells whether a node has timeouts or fallbacks of its own somewhere, so that a call without one looks forgotten.
func waits(n *scenarios.Node) bool {
	return n != nil && n.Kind == scenarios.KindService && impatient(n)
}

func asLong(d time.Duration) string {
	if d == 0 {
		return "without a timeout"
	}
	return d.String()
}

// patienceOf lists a node's synchronous calls of other nodes over HTTP.
func patienceOf(n *scenarios.Node) []patience {
	if !n.BuiltIn() {
		return nil
	}
	var out []patience
	add := func(to string, own scenarios.Policy) {
		policy := own.Over(n.Policy)
		p := patience{from: n.Name, to: to, timeout: policy.Timeout, attempts: 1}
		if policy.Retry != nil && policy.Retry.Budget == nil {
			p.attempts = max(policy.Retry.Attempts, 1)
		}
		out = append(out, p)
	}
	if n.Origin != "" {
		add(n.Origin, scenarios.Policy{})
	}
	for _, r := range n.Routes {
		add(r.To, scenarios.Policy{Timeout: r.Timeout})
	}
	var steps func([]scenarios.Step)
	steps = func(list []scenarios.Step) {
		for _, s := range list {
			if s.Call != nil {
				add(s.Call.Node, s.Policy)
			}
			steps(s.Parallel)
		}
	}
	for _, e := range n.Endpoints {
		steps(e.Steps)
	}
	return out
}

// way is a path of calls, how many of them retry, and what that multiplies to.
type way struct {
	names            []string
	layers, attempts int
}

// mostAttempts is the way from a node that makes the most attempts of one request. Synchronous calls have no cycles: a plan
// with one is refused before. known holds what was found already.
func mostAttempts(calls map[string][]patience, from string, known map[string]way) way {
	if w, ok := known[from]; ok {
		return w
	}
	best := way{names: []string{from}, attempts: 1}
	for _, c := range calls[from] {
		w := mostAttempts(calls, c.to, known)
		if w.attempts*c.attempts <= best.attempts {
			continue
		}
		best = way{names: append([]string{from}, w.names...), layers: w.layers, attempts: w.attempts * c.attempts}
		if c.attempts > 1 {
			best.layers++
		}
	}
	known[from] = best
	return best
}

// impatient tells whether a node gives up on calls by itself.
func impatient(n *scenarios.Node) bool {
	if n.Timeout > 0 {
		return true
	}
	for _, r := range n.Routes {
		if r.Timeout > 0 {
			return true
		}
	}
	for _, e := range n.Endpoints {
		if impatientSteps(e.Steps) {
			return true
		}
	}
	return false
}

func impatientSteps(steps []scenarios.Step) bool {
	for _, s := range steps {
		if s.Timeout > 0 || impatientSteps(s.Parallel) {
			return true
		}
	}
	return false
}
