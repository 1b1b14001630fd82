package grammar

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// nodes reads the topology: a mapping of names to nodes, in the file's order.
func (d *Decoder) nodes(v *source.Value) []*scenarios.Node {
	if v.Kind != source.Mapping {
		d.Problem(v, "topology needs a mapping of names to nodes, not "+v.What(), "write topology: {NAME: {kind: service}}")
		return nil
	}
	nodes := make([]*scenarios.Node, 0, len(v.Entries))
	for _, e := range v.Entries {
		n := &scenarios.Node{Name: e.Key}
		nodes = append(nodes, n)
		d.name("node", e)
		if e.Value.IsNull() {
			d.ProblemAt(e.At, fmt.Sprintf("node %q is empty", source.Shorten(e.Key)), "give it a kind")
			continue
		}
		if d.structure(e.Value, reflect.ValueOf(n).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Node]())) {
			d.kind(e, n)
		}
	}
	return nodes
}

// kind checks that a node has one, and only the keys that belong to it.
func (d *Decoder) kind(e source.Entry, n *scenarios.Node) {
	d.oneEnvironment(e.Value, n)
	n.Origin, n.OriginPort = scenarios.CutPort(n.Origin)
	for i := range n.Routes {
		n.Routes[i].To, n.Routes[i].ToPort = scenarios.CutPort(n.Routes[i].To)
	}
	name := source.Shorten(e.Key)
	if e.Value.Get("kind") == nil {
		fix := "add kind: one of " + strings.Join(kinds(), ", ")
		switch {
		case e.Value.Get("external") != nil:
			fix = "add kind: external, or the role that it plays, as in kind: database"
		case n.Image != "":
			fix = "add kind: image, or the role that the image plays"
		}
		d.ProblemAt(e.At, fmt.Sprintf("node %q has no kind", name), fix)
	}
	if n.Kind == "" {
		return
	}
	d.part(e, n)
	hasImage := slices.ContainsFunc([]string{"image", "part", "build", "local"}, func(key string) bool { return e.Value.Get(key) != nil })
	if n.Kind == scenarios.KindImage && !hasImage && e.Value.Get("external") == nil {
		d.ProblemAt(e.At, fmt.Sprintf("node %q of kind image has no image", name), `add image: "NAME:TAG", or part: postgres (or another)`)
	}
	external := e.Value.Get("external") != nil
	switch {
	case external:
		d.externalKeys(e)
	case n.Kind == scenarios.KindExternal:
		d.ProblemAt(e.At, fmt.Sprintf("node %q of kind external does not say where it is", name), "add external: HOST:PORT")
	}
	fields := d.fieldsOf(reflect.TypeFor[scenarios.Node]())
	for _, key := range e.Value.Entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == key.Key })
		if i < 0 || fields[i].kinds == nil || external {
			continue
		}
		belongs, before := fields[i].kinds, len(d.Problems)
		switch {
		case slices.Contains(belongs, "image"):
			if !hasImage {
				d.ProblemAt(key.At, fmt.Sprintf("%s is for nodes with an image, and %q has none", key.Key, name), "add image, or take it away")
			}
		case !slices.Contains(belongs, string(n.Kind)):
			d.ProblemAt(key.At, fmt.Sprintf("%s does not belong to a %s", key.Key, n.Kind), fmt.Sprintf("it is for %s; take it away or change the kind of %q", withArticle(listed(belongs, "or")), name))
		case hasImage && !onParts(key.Key, n):
			also := ""
			if onPostgres(key.Key) {
				also = " and PostgreSQL"
			}
			d.ProblemAt(key.At, fmt.Sprintf("%s is for the built-in %s%s, and %q runs an image", key.Key, n.Kind, also, name), inPlaceOf(key.Key, name, n.Kind))
		}
		if len(d.Problems) > before { // no further mistakes from what should not be there
			reflect.ValueOf(n).Elem().FieldByIndex(fields[i].index).SetZero()
		}
	}
}

// inPlaceOf is what to do about a key that an image has not.
func inPlaceOf(key, name string, kind scenarios.Kind) string {
	if key == "to" && kind == scenarios.KindQueue {
		return fmt.Sprintf("let a service take its messages, by a step {pop: %s}, or take the image away", name)
	}
	return "take it or the image away"
}

// withArticle is a noun with a or an.
func withArticle(noun string) string {
	if strings.IndexByte("aeiou", noun[0]) >= 0 {
		return "an " + noun
	}
	return "a " + noun
}

// listed lists words as a, b or c, with the last word's conjunction given.
func listed(words []string, conjunction string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " " + conjunction + " " + words[last]
}

// kinds are those of nodes, as the model's tag has them.
func kinds() []string {
	kind, _ := reflect.TypeFor[scenarios.Node]().FieldByName("Kind")
	return strings.Split(kind.Tag.Get("enum"), ",")
}

// endpoints reads a mapping of "METHOD /path" to the steps that answer it: a list, or one step.
func (d *Decoder) endpoints(v *source.Value) []*scenarios.Endpoint {
	if v.Kind != source.Mapping {
		d.Problem(v, "endpoints needs a mapping of METHOD /path to steps, not "+v.What(), "write endpoints: {GET /path: [{work: 5ms}]}")
		return nil
	}
	out := make([]*scenarios.Endpoint, 0, len(v.Entries))
	for _, e := range v.Entries {
		if what, fix := CheckMatch(e.Key, true); what != "" {
			d.ProblemAt(e.At, what, fix)
		} else if strings.Contains(e.Key, "?") {
			d.ProblemAt(e.At, fmt.Sprintf("endpoint %s has a query", source.QuoteShort(e.Key)), "leave it out: a path answers all of its queries")
		}
		endpoint := &scenarios.Endpoint{Match: e.Key}
		out = append(out, endpoint)
		items := []*source.Value{e.Value}
		if e.Value.IsNull() {
			d.ProblemAt(e.At, fmt.Sprintf("endpoint %s is empty", source.QuoteShort(e.Key)), "give it steps, as in [{work: 5ms}]")
			continue
		}
		if e.Value.Kind == source.List {
			items = e.Value.Items
		}
		endpoint.Steps = make([]scenarios.Step, len(items))
		for i, item := range items {
			d.decode(item, reflect.ValueOf(&endpoint.Steps[i]).Elem(), field{key: "a step", typ: reflect.TypeFor[scenarios.Step]()})
		}
	}
	return out
}

// step reads one step and wants exactly one thing done in it.
func (d *Decoder) step(v *source.Value, into *scenarios.Step) {
	before := len(d.Problems)
	fields := d.fieldsOf(reflect.TypeFor[scenarios.Step]())
	if !d.structure(v, reflect.ValueOf(into).Elem(), fields) {
		return
	}
	byKey := map[string]field{}
	var actions []string
	for _, f := range fields {
		byKey[f.key] = f
		if f.does {
			actions = append(actions, f.key)
		}
	}
	var does []source.Entry
	for _, e := range v.Entries {
		if byKey[e.Key].does {
			does = append(does, e)
		}
	}
	switch {
	case len(does) == 0 && len(d.Problems) > before: // an unknown key may have been meant
		return
	case len(does) == 0:
		d.Problem(v, "a step does nothing", "give it one of "+strings.Join(actions, ", "))
		return
	case len(does) > 1:
		d.ProblemAt(does[1].At, fmt.Sprintf("a step has both %s and %s", does[0].Key, does[1].Key),
			"make them two steps, or put them under parallel")
		return
	}
	if e := does[0]; e.Key == "parallel" && e.Value.Kind == source.List && len(e.Value.Items) == 0 {
		d.ProblemAt(e.At, "parallel is empty", "give it steps")
	}
	for _, e := range v.Entries {
		if of := byKey[e.Key].of; of != nil && !slices.Contains(of, does[0].Key) {
			d.ProblemAt(e.At, fmt.Sprintf("%s does not belong to a step of %s", e.Key, does[0].Key),
				fmt.Sprintf("it is for %s; put it there", listed(of, "and")))
		}
	}
}

// work reads a service time: a duration, or a mapping.
func (d *Decoder) work(v *source.Value, into *scenarios.Work, f field) {
	if v.Kind == source.Mapping {
		plain := v
		if shape := v.Get("shape"); shape != nil && shape.Kind == source.Mapping {
			plain = v.Without("shape")
			into.Shape, into.CV = d.spread(shape)
		}
		d.structure(plain, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[scenarios.Work]()))
		return
	}
	if v.Kind == source.List {
		d.Problem(v, fmt.Sprintf("%s needs a duration or a mapping, not a list", f.key), "write 20ms, or {mean: 20ms, shape: exponential}")
		return
	}
	d.scalar(v, reflect.ValueOf(&into.Mean).Elem(), field{key: f.key})
}

// call reads "NODE METHOD /path".
func (d *Decoder) call(v *source.Value, into *scenarios.Call, f field) {
	const fix = "write NODE METHOD /path, as in payments POST /charge"
	if v.Kind != source.Scalar || v.Tag != source.TagText {
		d.Problem(v, fmt.Sprintf("%s needs NODE METHOD /path, not %s", f.key, v.What()), fix)
		return
	}
	parts := strings.Fields(v.Text)
	if len(parts) != 3 {
		d.Problem(v, fmt.Sprintf("%s is %s, not NODE METHOD /path", f.key, source.QuoteShort(v.Text)), fix)
		return
	}
	if what, fix := CheckMatch(parts[1]+" "+parts[2], true); what != "" {
		d.Problem(v, what, fix)
		return
	}
	if strings.HasSuffix(parts[2], "*") {
		d.Problem(v, fmt.Sprintf("%s has a * in it", f.key), "write the path that is called")
		return
	}
	node, port := scenarios.CutPort(parts[0])
	*into = scenarios.Call{Node: node, Port: port, Method: parts[1], Path: parts[2]}
}
