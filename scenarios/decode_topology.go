package scenarios

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// nodes reads the topology: a mapping of names to nodes, in the file's order.
func (d *decoder) nodes(v *value) []*Node {
	if v.kind != mapping {
		d.problem(v, "topology needs a mapping of names to nodes, not "+v.what(), "write topology: {NAME: {kind: service}}")
		return nil
	}
	nodes := make([]*Node, 0, len(v.entries))
	for _, e := range v.entries {
		n := &Node{Name: e.key}
		nodes = append(nodes, n)
		d.name("node", e)
		if e.value.isNull() {
			d.problemAt(e.at, fmt.Sprintf("node %q is empty", shorten(e.key)), "give it a kind")
			continue
		}
		if d.structure(e.value, reflect.ValueOf(n).Elem(), d.fieldsOf(reflect.TypeFor[Node]())) {
			d.kind(e, n)
		}
	}
	return nodes
}

// kind checks that a node has one, and only the keys that belong to it.
func (d *decoder) kind(e entry, n *Node) {
	name := shorten(e.key)
	if e.value.get("kind") == nil {
		fix := "add kind: one of " + strings.Join(kinds(), ", ")
		if n.Image != "" {
			fix = "add kind: image, or the role that the image plays"
		}
		d.problemAt(e.at, fmt.Sprintf("node %q has no kind", name), fix)
	}
	if n.Kind == "" {
		return
	}
	if n.Kind == KindImage && e.value.get("image") == nil {
		d.problemAt(e.at, fmt.Sprintf("node %q of kind image has no image", name), `add image: "NAME:TAG"`)
	}
	if e.value.get("queue") != nil && n.Queue == 0 {
		n.Queue = NoQueue
	}
	hasImage := e.value.get("image") != nil
	if n.Kind == KindCache && hasImage {
		d.problemAt(e.value.entry("image").at, fmt.Sprintf("cache %q can't be an image: services speak to the built-in one", name), "take image away; a store of yours with a cache of its own can be of kind image")
	}
	fields := d.fieldsOf(reflect.TypeFor[Node]())
	for _, key := range e.value.entries {
		i := slices.IndexFunc(fields, func(f field) bool { return f.key == key.key })
		if i < 0 || fields[i].kinds == nil {
			continue
		}
		belongs, before := fields[i].kinds, len(d.problems)
		switch {
		case slices.Contains(belongs, "image"):
			if !hasImage {
				d.problemAt(key.at, fmt.Sprintf("%s is for nodes with an image, and %q has none", key.key, name), "add image, or take it away")
			}
		case !slices.Contains(belongs, string(n.Kind)):
			d.problemAt(key.at, fmt.Sprintf("%s does not belong to a %s", key.key, n.Kind), fmt.Sprintf("it is for a %s; take it away or change the kind of %q", either(belongs), name))
		case hasImage && key.key != "dsn":
			d.problemAt(key.at, fmt.Sprintf("%s is for the built-in %s, and %q runs an image", key.key, n.Kind, name), "take it or the image away")
		}
		if len(d.problems) > before { // no further mistakes from what should not be there
			reflect.ValueOf(n).Elem().FieldByIndex(fields[i].index).SetZero()
		}
	}
}

// either lists words as a, b or c.
func either(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func kinds() []string {
	return []string{string(KindCDN), string(KindGateway), string(KindService), string(KindDatabase), string(KindQueue), string(KindStream), string(KindCache), string(KindImage)}
}

// endpoints reads a mapping of "METHOD /path" to the steps that answer it: a list, or one step.
func (d *decoder) endpoints(v *value) []*Endpoint {
	if v.kind != mapping {
		d.problem(v, "endpoints needs a mapping of METHOD /path to steps, not "+v.what(), "write endpoints: {GET /path: [{work: 5ms}]}")
		return nil
	}
	out := make([]*Endpoint, 0, len(v.entries))
	for _, e := range v.entries {
		if what, fix := checkMatch(e.key, true); what != "" {
			d.problemAt(e.at, what, fix)
		} else if strings.Contains(e.key, "?") {
			d.problemAt(e.at, fmt.Sprintf("endpoint %s has a query", quoteShort(e.key)), "leave it out: a path answers all of its queries")
		}
		endpoint := &Endpoint{Match: e.key}
		out = append(out, endpoint)
		items := []*value{e.value}
		if e.value.isNull() {
			d.problemAt(e.at, fmt.Sprintf("endpoint %s is empty", quoteShort(e.key)), "give it steps, as in [{work: 5ms}]")
			continue
		}
		if e.value.kind == list {
			items = e.value.items
		}
		endpoint.Steps = make([]Step, len(items))
		for i, item := range items {
			d.decode(item, reflect.ValueOf(&endpoint.Steps[i]).Elem(), field{key: "a step", typ: reflect.TypeFor[Step]()})
		}
	}
	return out
}

// step reads one step and wants exactly one thing done in it.
func (d *decoder) step(v *value, into *Step) {
	before := len(d.problems)
	if !d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[Step]())) {
		return
	}
	var does []entry
	for _, e := range v.entries {
		switch e.key {
		case "work", "compute", "call", "read", "write", "parallel", "respond":
			does = append(does, e)
		}
	}
	switch {
	case len(does) == 0 && len(d.problems) > before: // an unknown key may have been meant
		return
	case len(does) == 0:
		d.problem(v, "a step does nothing", "give it one of work, compute, call, read, write, parallel, respond")
		return
	case len(does) > 1:
		d.problemAt(does[1].at, fmt.Sprintf("a step has both %s and %s", does[0].key, does[1].key), "make them two steps, or put them under parallel")
		return
	}
	if e := does[0]; e.key == "parallel" && e.value.kind == list && len(e.value.items) == 0 {
		d.problemAt(e.at, "parallel is empty", "give it steps")
	}
	if e := v.entry("wait_for"); e != nil && does[0].key != "parallel" {
		d.problemAt(e.at, "wait_for does not belong to a step of "+does[0].key, "it is for parallel; put it there")
	}
	for _, key := range []string{"idempotent", "key"} {
		if e := v.entry(key); e != nil && does[0].key != "write" {
			d.problemAt(e.at, key+" does not belong to a step of "+does[0].key, "it is for write; put it there")
		}
	}
	if e := v.entry("cost"); e != nil && does[0].key != "read" {
		d.problemAt(e.at, "cost does not belong to a step of "+does[0].key, "it is for read; put it there")
	}
	if e := v.entry("cache"); e != nil && does[0].key != "read" && does[0].key != "call" {
		d.problemAt(e.at, "cache does not belong to a step of "+does[0].key, "it is for read and call; put it there")
	}
	for _, key := range []string{"replica", "read_your_writes"} {
		if e := v.entry(key); e != nil && does[0].key != "read" {
			d.problemAt(e.at, key+" does not belong to a step of "+does[0].key, "it is for read; put it there")
		}
	}
	if did := does[0].key; did == "work" || did == "compute" || did == "parallel" || did == "respond" {
		for _, e := range v.entries {
			if slices.Contains(callKeys, e.key) {
				d.problemAt(e.at, fmt.Sprintf("%s does not belong to a step of %s", e.key, did), "it is for call, read and write; put it there")
			}
		}
	}
}

// work reads a service time: a duration, or a mapping.
func (d *decoder) work(v *value, into *Work, f field) {
	if v.kind == mapping {
		d.structure(v, reflect.ValueOf(into).Elem(), d.fieldsOf(reflect.TypeFor[Work]()))
		return
	}
	if v.kind == list {
		d.problem(v, fmt.Sprintf("%s needs a duration or a mapping, not a list", f.key), "write 20ms, or {mean: 20ms, shape: exponential}")
		return
	}
	d.scalar(v, reflect.ValueOf(&into.Mean).Elem(), field{key: f.key})
}

// call reads "NODE METHOD /path".
func (d *decoder) call(v *value, into *Call, f field) {
	const fix = "write NODE METHOD /path, as in payments POST /charge"
	if v.kind != scalar || v.tag != tagText {
		d.problem(v, fmt.Sprintf("%s needs NODE METHOD /path, not %s", f.key, v.what()), fix)
		return
	}
	parts := strings.Fields(v.text)
	if len(parts) != 3 {
		d.problem(v, fmt.Sprintf("%s is %s, not NODE METHOD /path", f.key, quoteShort(v.text)), fix)
		return
	}
	if what, fix := checkMatch(parts[1]+" "+parts[2], true); what != "" {
		d.problem(v, what, fix)
		return
	}
	if strings.HasSuffix(parts[2], "*") {
		d.problem(v, fmt.Sprintf("%s has a * in it", f.key), "write the path that is called")
		return
	}
	*into = Call{Node: parts[0], Method: parts[1], Path: parts[2]}
}

// methods are the HTTP methods of the language.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// checkMatch says what is wrong with "METHOD /path" (the method optional where not needed), "" if nothing.
func checkMatch(text string, needMethod bool) (what, fix string) {
	method, path, ok := strings.Cut(text, " ")
	if !ok {
		method, path = "", text
	}
	switch {
	case !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\n\r#") || strings.ContainsFunc(path, func(c rune) bool { return c < ' ' || c >= 0x7f }):
		return fmt.Sprintf("%s is not METHOD /path", quoteShort(text)), "write it as in GET /catalog/{item}, in ASCII and the path without blanks"
	case method == "" && needMethod:
		return fmt.Sprintf("%s has no method", quoteShort(text)), "write GET " + shorten(text)
	case method != "" && !slices.Contains(methods, method):
		return fmt.Sprintf("%s is not an HTTP method", quoteShort(method)), didYouMean(method, methods, "use one of")
	case strings.Contains(strings.TrimSuffix(path, "*"), "*"):
		return fmt.Sprintf("%s has a * that is not at its end", quoteShort(text)), "* stands for the rest of the path; write {name} for a part"
	case strings.Count(path, "{") != strings.Count(path, "}") || strings.Contains(path, "{}"):
		return fmt.Sprintf("the braces in %s don't match", quoteShort(text)), "write a part that varies as {name}"
	}
	return "", ""
}
