package scenarios

import "fmt"

// extends is the key of a variant that names those it builds on: their patches come before its own.
const extends = "extends"

// vary takes the variants out of a scenario's tree and applies the named one, "" for none.
// It returns the names of all.
func vary(told *report, root *value, variant string) (*value, []string) {
	variants := root.get("variants")
	base := root.without("variants")
	var names []string
	if variants != nil && variants.kind != mapping {
		told.problem(variants, "variants needs a mapping of names to patches, not "+variants.what(), "write variants: {NAME: {...}}")
		variants = nil
	}
	if variants != nil {
		for _, e := range variants.entries {
			names = append(names, e.key)
			checkName(told, "variant", e)
			if e.value.kind != mapping {
				told.problem(e.value, fmt.Sprintf("variant %q needs a mapping that patches the scenario, not %s", e.key, e.value.what()), "write {topology: {NODE: {...}}}")
			}
		}
		known := len(told.problems)
		all := lineage{told: told, variants: variants, begun: map[string]bool{}}
		for _, e := range variants.entries {
			all.add(e)
		}
		if len(told.problems) > known {
			return base, names
		}
	}
	if variant == "" {
		return base, names
	}
	change := variants.entry(variant)
	if change == nil {
		at := base
		if variants != nil {
			at = variants
		}
		fix := "the scenario has no variants"
		if len(names) > 0 {
			fix = didYouMean(variant, names, "variants")
		}
		told.problem(at, fmt.Sprintf("there is no variant %q", variant), fix)
		return base, names
	}
	chosen := lineage{told: told, variants: variants, begun: map[string]bool{}}
	chosen.add(*change)
	for _, e := range chosen.order {
		base = applied(told, base, e)
	}
	return base, names
}

// applied is the scenario with one variant's own patch in.
func applied(told *report, base *value, variant entry) *value {
	for _, key := range []string{"variants", "scenario"} {
		if e := variant.value.entry(key); e != nil {
			told.problemAt(e.at, fmt.Sprintf("a variant can't change %s", key), "leave it out")
		}
	}
	return patch(base, variant.value.without("variants", "scenario", extends), func(e entry) {
		told.problemAt(e.at, fmt.Sprintf("variant %q removes %q, which isn't there", variant.key, shorten(e.key)), "leave it out, or name what the scenario has")
	})
}

// lineage is every variant that stands on another, and the other first: a walk of what variants extend.
type lineage struct {
	told     *report
	variants *value
	begun    map[string]bool // true once it is in order
	order    []entry
}

// add puts a variant in order, after those that it builds on, each once.
func (l *lineage) add(variant entry) {
	if _, begun := l.begun[variant.key]; begun || variant.value.kind != mapping {
		return
	}
	l.begun[variant.key] = false
	for _, named := range l.extended(variant) {
		below := l.variants.entry(named.text)
		if below == nil {
			l.told.problem(named, fmt.Sprintf("variant %q extends %s, which isn't there", shorten(variant.key), quoteShort(named.text)), didYouMean(named.text, keysIn(l.variants), "variants"))
			continue
		}
		if done, begun := l.begun[below.key]; begun && !done {
			l.told.problem(named, fmt.Sprintf("variant %q extends itself", shorten(below.key)), "take one extends away")
			continue
		}
		l.add(*below)
	}
	l.begun[variant.key] = true
	l.order = append(l.order, variant)
}

// extended are the names that a variant says it extends: one, or a list of them.
func (l *lineage) extended(variant entry) []*value {
	v := variant.value.get(extends)
	if v == nil {
		return nil
	}
	items := []*value{v}
	if v.kind == list {
		items = v.items
	}
	for _, item := range items {
		if item.kind != scalar || item.tag != tagText {
			l.told.problem(item, "extends needs the name of a variant, not "+item.what(), "write extends: NAME, or extends: [NAME, NAME]")
			return nil
		}
	}
	return items
}
