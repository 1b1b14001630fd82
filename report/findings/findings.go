// Package findings says why a run went as it did: rules over its stored record, a kind of finding a file. A rule looks at figures
// and at what was run (result.json's design), never at what an example is called; what it can't tell it leaves out.
package findings

import (
	"cmp"
	"slices"

	"github.com/squallhq/squall/runner/record"
)

// Kind is one kind of finding.
type Kind struct {
	// Name as findings and squall explain have it.
	Name string
	// Means is its definition: what must be so for it to be found, in figures.
	Means string
	find  func(*diagnosis) []record.Finding
}

// Kinds are all kinds. Of two findings by which the same was lost, that of the earlier kind comes first: what names a cause
// before what names an effect.
var Kinds = []Kind{
	writesLost, writesDoubled, staleReads,
	outOfMemory, changeFailed, instanceLost, outageStays, retriesMultiply, retryAmplification, stampede, cacheLost,
	sharedDependency, replayed, unrelatedDown, crowded, ejectedTooMany, unevenReplicas, workersHeld, timeoutOutlasts, noOtherWay,
	connectionsExhausted, poolExhausted, lockedRow, wastedWork, cacheMissing, queueGrows, backlog,
	serialCalls, slowestOfMany, farAway,
	wrongShed, failoverOverloads, breakerHealthy, breakerFlaps, breakerStays, fallbackUnused, connectionsThrown, recoversSlowly,
}

// Of is every finding of a run, by what users lost because of it, and what the run's architecture absorbed, by phase. A record
// without a design (one from before) has neither: what was run is unknown.
func Of(r *record.Result) ([]record.Finding, []record.Absorbed) {
	d, err := diagnose(r)
	if err != nil || d == nil {
		return nil, nil
	}
	return d.findings(), d.absorbed()
}

func (d *diagnosis) findings() []record.Finding {
	var all []record.Finding
	for _, k := range Kinds {
		of := k.find(d)
		for i := range of {
			of[i].Kind = k.Name
		}
		all = append(all, worst(of)...)
	}
	for _, p := range d.harmed() {
		if p.hurt() && !explained(p, all) {
			all = append(all, d.unadvised(p)...)
		}
	}
	for i := range all {
		all[i].Spread = d.spread(all[i])
	}
	slices.SortStableFunc(all, func(a, b record.Finding) int { return cmp.Compare(b.Lost, a.Lost) })
	return all
}

// mostOfAKind bounds the findings of one kind: those by which the most was lost.
const mostOfAKind = 2

// worst are the findings of one kind by which the most was lost, each place once; where nothing was lost nothing went wrong.
func worst(of []record.Finding) []record.Finding {
	slices.SortStableFunc(of, func(a, b record.Finding) int { return cmp.Compare(b.Lost, a.Lost) })
	seen := map[string]bool{}
	of = slices.DeleteFunc(of, func(f record.Finding) bool {
		again := seen[f.Where]
		seen[f.Where] = true
		return again || f.Lost == 0
	})
	return of[:min(len(of), mostOfAKind)]
}
