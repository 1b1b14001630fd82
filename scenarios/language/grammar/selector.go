package grammar

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// selectorKeys are the keys of a selection that is written as a mapping.
type selectorKeys struct {
	// A node, or an instance of one; with :PORT, the connections to that port of it.
	Node string `yaml:"node"`
	// Every node of this kind.
	Kind string `yaml:"kind" enum:"cdn,gateway,service,database,queue,stream,cache,image,external"`
	// Every node of this region.
	Region string `yaml:"region"`
	// Every node of this zone.
	Zone string `yaml:"zone"`
	// Every node with all of these labels.
	Labels map[string]string `yaml:"labels"`
	// The same as labels.
	Label map[string]string `yaml:"label"`
	// This part of the instances of each node, rounded up, drawn from the seed.
	Share float64 `yaml:"share" unit:"share" sign:"positive"`
	// The same as share.
	Replicas float64 `yaml:"replicas" unit:"share" sign:"positive"`
	// Connections that start here.
	From *faults.Selector `yaml:"from"`
	// Connections that end here.
	To *faults.Selector `yaml:"to"`
	// With from and to: the connections of the other way too.
	Both bool `yaml:"both"`
}

// selector reads a selection: text, a list (a union) or a mapping. word is the key that holds it.
func (d *Decoder) selector(v *source.Value, word string) faults.Selector {
	switch {
	case v.IsNull():
		d.Problem(v, word+" is empty", "name a node, or an edge as in a -> b")
	case v.Kind == source.List:
		if len(v.Items) == 0 {
			d.Problem(v, word+" is an empty list", "name what it hits")
		}
		union := make([]faults.Selector, len(v.Items))
		for i, item := range v.Items {
			union[i] = d.selector(item, word)
		}
		if len(union) == 1 {
			return union[0]
		}
		return faults.Selector{Any: union}
	case v.Kind == source.Mapping:
		return d.selectorMapping(v, word)
	case v.Tag != source.TagText:
		d.Problem(v, fmt.Sprintf("%s needs a node or an edge, not %s", word, v.What()), "name a node, or an edge as in a -> b")
	default:
		return d.selectorText(v, word)
	}
	return faults.Selector{}
}

// selectorText reads "a", "a-2", "a:80", "*", "a -> b", "a -> b:80" or "a <-> b".
func (d *Decoder) selectorText(v *source.Value, word string) faults.Selector {
	arrow := "->"
	if strings.Contains(v.Text, "<->") {
		arrow = "<->"
	}
	from, to, edge := strings.Cut(v.Text, arrow)
	if !edge {
		return d.selectorName(v, v.Text, word)
	}
	a, b := d.selectorName(v, from, word), d.selectorName(v, to, word)
	if a.Name == "" || b.Name == "" {
		return faults.Selector{}
	}
	if a.Port != "" || b.Port != "" && arrow == "<->" {
		d.Problem(v, fmt.Sprintf("%s selects %s, and a port is of who is called", word, source.QuoteShort(v.Text)), "write it at the end, as in a -> b:80")
	}
	return faults.Selector{Edge: &faults.EdgeSelector{From: a, To: b, Both: arrow == "<->"}}
}

func (d *Decoder) selectorName(v *source.Value, text, word string) faults.Selector {
	name, port, has := strings.Cut(strings.TrimSpace(text), ":")
	if name == "*" && !has || validName(name) && (!has || validPort(port)) {
		return faults.Selector{Name: name, Port: port}
	}
	d.Problem(v, fmt.Sprintf("%s selects %s, which is no name", word, source.QuoteShort(v.Text)), "write a node (a), an instance (a-2), a port of one (a:80), an edge (a -> b) or *")
	return faults.Selector{}
}

func (d *Decoder) selectorMapping(v *source.Value, word string) faults.Selector {
	fields := d.fieldsOf(reflect.TypeFor[selectorKeys]())
	var keys selectorKeys
	into := reflect.ValueOf(&keys).Elem()
	var out faults.Selector
	before := len(d.Problems)
	edge := v.Get("from") != nil || v.Get("to") != nil
	for _, e := range v.Entries {
		switch e.Key {
		case "from", "to":
			one := d.selector(e.Value, e.Key)
			if e.Key == "from" {
				keys.From = &one
			} else {
				keys.To = &one
			}
		default:
			d.keys(&source.Value{Kind: source.Mapping, Entries: []source.Entry{e}}, into, fields, "a selection")
			if edge && e.Key != "both" {
				d.ProblemAt(e.At, fmt.Sprintf("a selection of edges has %s", source.Shorten(e.Key)), "put it into from or to")
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
	if len(d.Problems) == before {
		d.selectorPairs(v, word)
	}
	name, port := scenarios.CutPort(keys.Node)
	out = faults.Selector{Name: name, Port: port, Region: keys.Region, Zone: keys.Zone, Role: keys.Kind, Labels: keys.Labels, Share: max(keys.Share, keys.Replicas)}
	if out.Labels == nil {
		out.Labels = keys.Label
	}
	return out
}

// selectorPairs checks which keys go together.
func (d *Decoder) selectorPairs(v *source.Value, word string) {
	what := 0
	for _, e := range v.Entries {
		switch e.Key {
		case "kind", "region", "zone", "label", "labels", "node":
			what++
		case "both":
			d.ProblemAt(e.At, "both is for a selection with from and to", "leave it out")
		}
	}
	node := v.Entry("node")
	switch {
	case what == 0:
		d.Problem(v, word+" selects nothing", "give it node, kind, region, zone or labels, or from and to")
	case node != nil && what > 1:
		d.ProblemAt(node.At, "a selection names a node and more", "keep node alone, or select by kind, region, zone and labels")
	case node != nil && node.Value.Kind == source.Scalar && node.Value.Tag == source.TagText:
		d.selectorName(node.Value, node.Value.Text, word)
	}
	for _, twins := range [][2]string{{"label", "labels"}, {"share", "replicas"}} {
		if e := v.Entry(twins[0]); e != nil && v.Get(twins[1]) != nil {
			d.ProblemAt(e.At, fmt.Sprintf("a selection has both %s and %s", twins[0], twins[1]), "they mean the same; keep one")
		}
	}
}

// between reads a list of two selections: the connections between them.
func (d *Decoder) between(v *source.Value, word string, ways *source.Value) faults.Selector {
	if v.Kind != source.List || len(v.Items) != 2 {
		d.Problem(v, fmt.Sprintf("%s needs a list of two selections, not %s", word, v.What()), "write "+word+": [a, b]")
		return faults.Selector{}
	}
	return faults.Selector{Edge: &faults.EdgeSelector{
		From: d.selector(v.Items[0], word), To: d.selector(v.Items[1], word),
		Both: ways == nil || ways.Text != "one",
	}}
}
