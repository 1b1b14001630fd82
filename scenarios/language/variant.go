package language

import (
	"fmt"

	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// vary takes the variants out of a scenario's tree and applies the named one, "" for none.
// It returns the names of all, and whether the named one says that it should fail.
func vary(told *source.Report, root *source.Value, variant string) (varied *source.Value, names []string, shouldFail bool) {
	variants := root.Get("variants")
	base := root.Without("variants")
	if variants != nil && variants.Kind != source.Mapping {
		told.Problem(variants, "variants needs a mapping of names to patches, not "+variants.What(), "write variants: {NAME: {...}}")
		variants = nil
	}
	if variants != nil {
		for _, e := range variants.Entries {
			names = append(names, e.Key)
			grammar.CheckName(told, "variant", e)
			if e.Value.Kind != source.Mapping {
				told.Problem(e.Value, fmt.Sprintf("variant %q needs a mapping that patches the scenario, not %s", e.Key, e.Value.What()), "write {topology: {NODE: {...}}}")
			}
		}
		known := len(told.Problems)
		all := lineage{told: told, variants: variants, begun: map[string]bool{}}
		for _, e := range variants.Entries {
			all.add(e)
		}
		if len(told.Problems) > known {
			return base, names, false
		}
	}
	if variant == "" {
		return base, names, false
	}
	change := variants.Entry(variant)
	if change == nil {
		at := base
		if variants != nil {
			at = variants
		}
		fix := "the scenario has no variants"
		if len(names) > 0 {
			fix = source.DidYouMean(variant, names, "variants")
		}
		told.Problem(at, fmt.Sprintf("there is no variant %q", variant), fix)
		return base, names, false
	}
	chosen := lineage{told: told, variants: variants, begun: map[string]bool{}}
	chosen.add(*change)
	for _, e := range chosen.order {
		if expect := e.Value.Get("expect"); expect != nil {
			shouldFail = isFail(expect)
		}
		base = applied(told, base, e)
	}
	return base, names, shouldFail
}

// applied is the scenario with one variant's own patch in.
func applied(told *source.Report, base *source.Value, variant source.Entry) *source.Value {
	for _, key := range []string{"variants", "scenario"} {
		if e := variant.Value.Entry(key); e != nil {
			told.ProblemAt(e.At, fmt.Sprintf("a variant can't change %s", key), "leave it out")
		}
	}
	own := variant.Value.Without("variants", "scenario", grammar.Extends)
	if isFail(own.Get("expect")) {
		own = own.Without("expect") // what the scenario expects stays
	}
	return source.Patch(base, own, func(e source.Entry) {
		told.ProblemAt(e.At, fmt.Sprintf("variant %q removes %q, which isn't there", variant.Key, source.Shorten(e.Key)), "leave it out, or name what the scenario has")
	})
}

// isFail tells the expect of a variant that is there to fail: expect: fail.
func isFail(expect *source.Value) bool {
	return expect != nil && expect.Kind == source.Scalar && expect.Tag == source.TagText && expect.Text == grammar.ExpectFail
}

// lineage is every variant that stands on another, and the other first: a walk of what variants extend.
type lineage struct {
	told     *source.Report
	variants *source.Value
	begun    map[string]bool // true once it is in order
	order    []source.Entry
}

// add puts a variant in order, after those that it builds on, each once.
func (l *lineage) add(variant source.Entry) {
	if _, begun := l.begun[variant.Key]; begun || variant.Value.Kind != source.Mapping {
		return
	}
	l.begun[variant.Key] = false
	for _, named := range l.extended(variant) {
		below := l.variants.Entry(named.Text)
		if below == nil {
			l.told.Problem(named, fmt.Sprintf("variant %q extends %s, which isn't there", source.Shorten(variant.Key), source.QuoteShort(named.Text)), source.DidYouMean(named.Text, source.KeysIn(l.variants), "variants"))
			continue
		}
		if done, begun := l.begun[below.Key]; begun && !done {
			l.told.Problem(named, fmt.Sprintf("variant %q extends itself", source.Shorten(below.Key)), "take one extends away")
			continue
		}
		l.add(*below)
	}
	l.begun[variant.Key] = true
	l.order = append(l.order, variant)
}

// extended are the names that a variant says it extends: one, or a list of them.
func (l *lineage) extended(variant source.Entry) []*source.Value {
	v := variant.Value.Get(grammar.Extends)
	if v == nil {
		return nil
	}
	items := []*source.Value{v}
	if v.Kind == source.List {
		items = v.Items
	}
	for _, item := range items {
		if item.Kind != source.Scalar || item.Tag != source.TagText {
			l.told.Problem(item, "extends needs the name of a variant, not "+item.What(), "write extends: NAME, or extends: [NAME, NAME]")
			return nil
		}
	}
	return items
}
