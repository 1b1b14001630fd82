package check

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// phases checks names and times, and that every fault hits something.
func (v *Checker) phases() {
	if given := v.Root.Get("phases"); given != nil && given.Kind == source.List && len(given.Items) == 0 {
		v.Problem(scenarios.At("phases"), "there are no phases", "add one, as in {name: steady, for: 20s}")
	}
	seen, named := map[string]bool{}, map[string]bool{}
	for i, p := range v.Phases {
		at := scenarios.At("phases").Item(i).Key("name")
		switch {
		case p.Name == "":
		case seen[p.Name]:
			v.Problem(at, fmt.Sprintf("a second phase is named %s", source.QuoteShort(p.Name)), "give each phase a name of its own")
		default:
			v.title("phase", p.Name, at)
		}
		seen[p.Name] = true
	}
	var start time.Duration
	for i, p := range v.Phases {
		left := v.Duration() - start
		start += p.For
		for j, f := range p.Faults {
			if f.Kind == nil {
				continue
			}
			at := scenarios.At("phases").Item(i).Key("faults").Item(j)
			if f.Name != "" && (named[f.Name] || seen[f.Name]) {
				v.Problem(at.Key("name"), fmt.Sprintf("the name %s is taken", source.QuoteShort(f.Name)), "give each fault a name that no other fault and no phase has")
			}
			v.title("fault", f.Name, at.Key("name"))
			named[f.Name] = true
			v.times(p, f, left, at)
			if begins := v.Duration() - left + f.At; f.Countdown > begins {
				v.Problem(at.Key("countdown"), fmt.Sprintf("the countdown of %s would begin before the first phase does", f.Countdown), countdownFix(begins))
			}
			v.hits(f, at)
		}
	}
}

func countdownFix(begins time.Duration) string {
	if begins <= 0 {
		return "give the fault an at, or put a phase before it"
	}
	return fmt.Sprintf("use %s at most", begins)
}

// lasts is how long a fault was asked to last, 0 for the rest of its phase, and the key that says so.
func lasts(f faults.Fault) (time.Duration, string) {
	if own, ok := f.Kind.(faults.Lasting); ok {
		if d, key := own.Lasts(); d > 0 {
			return d, key
		}
	}
	return f.For, "for"
}

// times checks that a fault begins within its phase, and ends within it, or where it may outlast it, within what is left of the run.
func (v *Checker) times(p *scenarios.Phase, f faults.Fault, left time.Duration, at scenarios.Path) {
	if p.For <= 0 {
		return
	}
	length, key := lasts(f)
	if f.Stays() {
		if length > 0 {
			v.Problem(at.Key("until"), fmt.Sprintf("the fault is to last until the end, and for %s", length), "keep one of until and for")
		} else if f.Outlasts {
			v.Problem(at.Key("outlasts"), "a fault that lasts until the end outlasts its phase anyway", "take outlasts away")
		}
		length = 0
	} else if f.Outlasts && length == 0 {
		v.Problem(at.Key("outlasts"), "the fault does not say how long it lasts, so that it ends with its phase", "add for: 30s, or take outlasts away")
	}
	switch {
	case f.At >= p.For:
		v.Problem(at.Key("at"), fmt.Sprintf("the fault begins at %s, when its phase of %s is over", f.At, p.For), fmt.Sprintf("use less than %s", p.For))
	case f.Outlasts && f.At+length > left:
		v.Problem(at.Key(key), fmt.Sprintf("the fault ends %s after the run", f.At+length-left),
			fmt.Sprintf("use %s at most, or make a later phase longer", left-f.At))
	case f.Outlasts:
	case f.At+length > p.For:
		v.Problem(at.Key(key), fmt.Sprintf("the fault ends %s after its phase of %s", f.At+length-p.For, p.For), fmt.Sprintf("use %s at most, make the phase longer, or add outlasts: true", p.For-f.At))
	}
	if f.For > 0 && key == f.Kind.Kind() { // a kind that lasts as long as it lasts
		v.Problem(at.Key("for"), fmt.Sprintf("%s is over in a moment, and can't last for %s", key, f.For), "take for away")
	} else if f.For > 0 && key != "for" && f.For != length {
		v.Problem(at.Key(key), fmt.Sprintf("the fault has both for: %s and %s: %s", f.For, key, length), "they mean the same; keep one")
	}
}

// hits checks that a fault's selection stands for something that it can hit.
func (v *Checker) hits(f faults.Fault, at scenarios.Path) {
	word := f.Kind.Kind()
	key := "on"
	if row, ok := faults.Lookup(word); ok && row.Selection != faults.SelectOn {
		key = word
	}
	at = at.Key(key)
	if f.On.IsZero() {
		return // reported when it was read
	}
	s := &selecting{Checker: v, at: at, given: v.valueAt(at)}
	switch f.Kind.Scope() {
	case faults.ScopeEdges:
		s.edges(f.On, word)
	default:
		if edgeIn(f.On) {
			v.Problem(at, fmt.Sprintf("%s hits nodes, not connections", word), "name a node")
			return
		}
		members := slices.Sorted(maps.Keys(s.members(f.On)))
		if len(members) > 0 && !slices.ContainsFunc(members, func(name string) bool { return v.node(name) != nil }) {
			v.Problem(at, fmt.Sprintf("%s hits nodes, and %q is a load", word, members[0]), source.DidYouMean("", v.nodeNames(), "nodes"))
		}
	}
}
