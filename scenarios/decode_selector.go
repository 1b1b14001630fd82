package scenarios

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/squallhq/squall/faults"
)

// selectorKeys are the keys of a selection that is written as a mapping.
type selectorKeys struct {
	Node     string            `yaml:"node" doc:"A node, or an instance of one."`
	Kind     string            `yaml:"kind" enum:"cdn,gateway,service,database,queue,image" doc:"Every node of this kind."`
	Region   string            `yaml:"region" doc:"Every node of this region."`
	Zone     string            `yaml:"zone" doc:"Every node of this zone."`
	Labels   map[string]string `yaml:"labels" doc:"Every node with all of these labels."`
	Label    map[string]string `yaml:"label" doc:"The same as labels."`
	Share    float64           `yaml:"share" unit:"share" sign:"positive" doc:"This part of the instances of each node, rounded up, drawn from the seed."`
	Replicas float64           `yaml:"replicas" unit:"share" sign:"positive" doc:"The same as share."`
	From     *faults.Selector  `yaml:"from" doc:"Connections that start here."`
	To       *faults.Selector  `yaml:"to" doc:"Connections that end here."`
	Both     bool              `yaml:"both" doc:"With from and to: the connections of the other way too."`
}

// selector reads a selection: text, a list (a union) or a mapping. word is the key that holds it.
func (d *decoder) selector(v *value, word string) faults.Selector {
	switch {
	case v.isNull():
		d.problem(v, word+" is empty", "name a node, or an edge as in a -> b")
	case v.kind == list:
		if len(v.items) == 0 {
			d.problem(v, word+" is an empty list", "name what it hits")
		}
		union := make([]faults.Selector, len(v.items))
		for i, item := range v.items {
			union[i] = d.selector(item, word)
		}
		if len(union) == 1 {
			return union[0]
		}
		return faults.Selector{Any: union}
	case v.kind == mapping:
		return d.selectorMapping(v, word)
	case v.tag != tagText:
		d.problem(v, fmt.Sprintf("%s needs a node or an edge, not %s", word, v.what()), "name a node, or an edge as in a -> b")
	default:
		return d.selectorText(v, word)
	}
	return faults.Selector{}
}

// selectorText reads "a", "a-2", "*", "a -> b" or "a <-> b".
func (d *decoder) selectorText(v *value, word string) faults.Selector {
	arrow := "->"
	if strings.Contains(v.text, "<->") {
		arrow = "<->"
	}
	from, to, edge := strings.Cut(v.text, arrow)
	if !edge {
		return faults.Selector{Name: d.selectorName(v, v.text, word)}
	}
	a, b := d.selectorName(v, from, word), d.selectorName(v, to, word)
	if a == "" || b == "" {
		return faults.Selector{}
	}
	return faults.Selector{Edge: &faults.EdgeSelector{From: faults.Selector{Name: a}, To: faults.Selector{Name: b}, Both: arrow == "<->"}}
}

func (d *decoder) selectorName(v *value, text, word string) string {
	name := strings.TrimSpace(text)
	if name == "*" || validName(name) {
		return name
	}
	d.problem(v, fmt.Sprintf("%s selects %s, which is no name", word, quoteShort(v.text)), "write a node (a), an instance (a-2), an edge (a -> b) or *")
	return ""
}

func (d *decoder) selectorMapping(v *value, word string) faults.Selector {
	fields := d.fieldsOf(reflect.TypeFor[selectorKeys]())
	var keys selectorKeys
	into := reflect.ValueOf(&keys).Elem()
	var out faults.Selector
	before := len(d.problems)
	edge := v.get("from") != nil || v.get("to") != nil
	for _, e := range v.entries {
		switch e.key {
		case "from", "to":
			one := d.selector(e.value, e.key)
			if e.key == "from" {
				keys.From = &one
			} else {
				keys.To = &one
			}
		default:
			d.keys(&value{kind: mapping, entries: []entry{e}}, into, fields, "a selection")
			if edge && e.key != "both" {
				d.problemAt(e.at, fmt.Sprintf("a selection of edges has %s", shorten(e.key)), "put it into from or to")
			}
		}
	}
	if edge {
		all := faults.Selector{Name: "*"}
		out.Edge = &faults.EdgeSelector{From: all, To: all, Both: keys.Both}
		if keys.From != nil {
			out.Edge.From = *keys.From
		}
		if keys.To != nil {
			out.Edge.To = *keys.To
		}
		return out
	}
	if len(d.problems) == before {
		d.selectorPairs(v, word)
	}
	out = faults.Selector{Name: keys.Node, Region: keys.Region, Zone: keys.Zone, Role: keys.Kind, Labels: keys.Labels, Share: max(keys.Share, keys.Replicas)}
	if out.Labels == nil {
		out.Labels = keys.Label
	}
	return out
}

// selectorPairs checks which keys go together.
func (d *decoder) selectorPairs(v *value, word string) {
	what := 0
	for _, e := range v.entries {
		switch e.key {
		case "kind", "region", "zone", "label", "labels", "node":
			what++
		case "both":
			d.problemAt(e.at, "both is for a selection with from and to", "leave it out")
		}
	}
	node := v.entry("node")
	switch {
	case what == 0:
		d.problem(v, word+" selects nothing", "give it node, kind, region, zone or labels, or from and to")
	case node != nil && what > 1:
		d.problemAt(node.at, "a selection names a node and more", "keep node alone, or select by kind, region, zone and labels")
	case node != nil && node.value.kind == scalar && node.value.tag == tagText:
		d.selectorName(node.value, node.value.text, word)
	}
	for _, twins := range [][2]string{{"label", "labels"}, {"share", "replicas"}} {
		if e := v.entry(twins[0]); e != nil && v.get(twins[1]) != nil {
			d.problemAt(e.at, fmt.Sprintf("a selection has both %s and %s", twins[0], twins[1]), "they mean the same; keep one")
		}
	}
}

// between reads a list of two selections: the connections between them.
func (d *decoder) between(v *value, word string, ways *value) faults.Selector {
	if v.kind != list || len(v.items) != 2 {
		d.problem(v, fmt.Sprintf("%s needs a list of two selections, not %s", word, v.what()), "write "+word+": [a, b]")
		return faults.Selector{}
	}
	return faults.Selector{Edge: &faults.EdgeSelector{
		From: d.selector(v.items[0], word), To: d.selector(v.items[1], word),
		Both: ways == nil || ways.text != "one",
	}}
}
