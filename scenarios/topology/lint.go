package topology

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// lint warns of what can be run but looks like a mistake.
func (b *builder) lint() {
	b.lintNodes()
	b.lintCalls()
	b.lintCapacity()
	for _, l := range b.Scenario.Loads {
		if l.Replay != nil && l.Replay.Skipped > 0 {
			b.warn("of the recording that load %q sends %s left out: no requests of HTTP, or to other hosts", l.Name, entries(l.Replay.Skipped))
		}
	}
	for _, f := range b.Faults {
		b.lintTimes(f)
		b.lintLoad(f)
		b.lintReach(f)
		b.lintLatency(f)
	}
}

func entries(n int) string {
	if n == 1 {
		return "1 entry is"
	}
	return fmt.Sprintf("%d entries are", n)
}

func (b *builder) lintNodes() {
	for _, n := range b.Scenario.Nodes {
		if len(b.Scenario.Loads) > 0 && !b.hit[n.Name] {
			b.warn("no load ever reaches %q", n.Name)
		}
	}
}

func (b *builder) lintTimes(f ResolvedFault) {
	if f.Fault.Stays() {
		return // it is meant to be there to the end, be it from the start
	}
	if f.Start == 0 {
		b.warn("%s begins with the first phase: there is no steady state to compare with", title(f))
	}
	switch phase := b.span(f.Phase, f.Start); {
	case f.End == b.Total:
		b.warn("%s lasts until the end of the run: there is no time left to see the recovery", title(f))
	case f.End > phase.End:
		b.warn("%s ends %s after its phase %q: the next phase's figures hold some of it", title(f), f.End-phase.End, f.Phase)
	}
}

// span is the phase of that name which is on at a time; names need not be unique here.
func (b *builder) span(name string, at time.Duration) Span {
	for _, p := range b.Phases {
		if p.Name == name && p.Start <= at && at < p.End {
			return p
		}
	}
	return Span{End: b.Total}
}

// lintLoad warns where a fault has no traffic to meet.
func (b *builder) lintLoad(f ResolvedFault) {
	for _, l := range b.Scenario.Loads {
		if n, known := Expected(l, f.Start, f.End); !known || n > 0 {
			return
		}
	}
	b.warn("%s: no load sends anything from %s to %s, while it is on", title(f), f.Start, f.End)
}

// lintReach warns where some of a fault's targets see no traffic; if all of them did not it was a problem already.
func (b *builder) lintReach(f ResolvedFault) {
	if dead := b.unreached(f.Targets); len(dead) > 0 {
		b.warn("%s: no load ever reaches %s", title(f), some(dead))
	}
}

// lintLatency warns of a latency that outlasts the users' patience: it can only show as timeouts.
func (b *builder) lintLatency(f ResolvedFault) {
	latency, ok := f.Fault.Kind.(faults.Latency)
	if !ok {
		return
	}
	added := latency.Delay
	if latency.Direction == faults.Both {
		added *= 2
	}
	targets := map[string]bool{}
	for _, e := range f.Targets.Edges {
		targets[e] = true
	}
	for _, l := range b.Scenario.Loads {
		patience := l.Timeout
		if patience == 0 {
			patience = scenarios.DefaultClientTimeout
		}
		if added >= patience && b.felt(l, targets) {
			b.warn("%s: %s gives up after %s, sooner than what it adds (%s): it can only show as timeouts", title(f), l.Name, patience, added)
		}
	}
}

// felt tells whether a load's users wait for one of the edges: it is theirs, or its caller, which
// they reach, has no timeout of its own.
func (b *builder) felt(l *scenarios.Load, targets map[string]bool) bool {
	reached := b.graph.reached(l.To)
	for _, e := range b.Edges {
		if !targets[e.Name] {
			continue
		}
		if e.Client && e.From == l.Name || !e.Client && reached[e.FromNode] && !impatient(b.Scenario.Node(e.FromNode)) {
			return true
		}
	}
	return false
}

// title is a fault in words: its name if it has one, what it is and where.
func title(f ResolvedFault) string {
	text := fmt.Sprintf("%s on %s", f.Fault.Kind, f.Fault.On)
	if f.Fault.Name != "" {
		text = f.Fault.Name + ": " + text
	}
	return text
}
