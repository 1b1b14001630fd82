package scenarios

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
)

// fixed are the keys of a node that no change can touch while it runs: what it is, where, and with what machine.
var fixed = append([]string{"kind", "use", "image", "command", "env", "port", "health", "calls", "stand_in"}, whole...)

// fixedFor are the keys that a kind takes up only when it starts.
var fixedFor = map[Kind][]string{
	KindCDN: serving, KindGateway: serving, KindService: serving, KindQueue: append([]string{"workers"}, serving...),
	KindStream: {"partitions"},
}

// serving are the keys of a node's listener.
var serving = []string{"connections", "header_timeout"}

// changed is a node as one change makes it; at is the path of the change's with.
type changed struct {
	node *Node
	at   []any
}

// patchText keeps a patch as text, in one line, and says in words what it changes.
func (d *decoder) patchText(v *value, into *faults.Patch, f field) {
	if v.kind == mapping && len(v.entries) == 0 {
		d.problem(v, f.key+" is empty", "say what the node is to have, as in with: {timeout: 1ms}")
		return
	}
	if v.kind != mapping {
		d.problem(v, fmt.Sprintf("%s needs a mapping of what the node is to have, not %s", f.key, v.what()), "write with: {timeout: 1ms}")
		return
	}
	text, err := write(inline(v))
	if err != nil {
		d.problem(v, err.Error(), "")
		return
	}
	into.Text = strings.TrimSpace(string(text))
	words := make([]string, len(v.entries))
	for i, e := range v.entries {
		words[i] = e.key
		if e.value.kind == scalar && !slices.Contains(secrets, e.key) {
			words[i] += " " + e.value.text
		}
	}
	into.Words = strings.Join(words, ", ")
}

// secrets are the keys of a node whose value is nobody's business.
var secrets = []string{"dsn"}

// inline is a tree in flow style throughout.
func inline(v *value) *value {
	out := *v
	out.flow = true
	out.items, out.entries = nil, nil
	for _, item := range v.items {
		out.items = append(out.items, inline(item))
	}
	for _, e := range v.entries {
		out.entries = append(out.entries, entry{e.key, e.at, inline(e.value)})
	}
	return &out
}

// changes checks every change on every node that it hits, as it will be then, and keeps those nodes: what they
// call is connected from the start.
func (v *validator) changes() {
	mark := len(v.decoder.problems)
	for _, n := range v.Nodes {
		v.register(n)
	}
	v.decoder.problems = v.decoder.problems[:mark] // told where all nodes are checked
	for i, p := range v.Phases {
		for j, f := range p.Faults {
			if c, is := f.Kind.(faults.Change); is && c.With.Text != "" {
				v.change(f, path("phases", i, "faults", j))
			}
		}
	}
}

func (v *validator) change(f faults.Fault, at []any) {
	with := v.valueAt(extend(at, "with"))
	here := entry{"with", v.root.walk(extend(at, "with")), with}
	hit, same := 0, 0
	for _, n := range v.selected(f.On, extend(at, "change")) {
		switch {
		case n.Kind == "":
			continue
		case n.Kind == KindCache:
			v.problem(extend(at, "change"), fmt.Sprintf("%q is a cache, which can't be changed while it runs", n.Name), "name others")
			continue
		case n.Image != "" || n.Kind == KindImage:
			v.problem(extend(at, "change"), fmt.Sprintf("change is for built-in nodes, and %q runs an image", n.Name), "name others")
			continue
		}
		hit++
		node, ok := v.changeOne(n, here)
		if !ok {
			same = -len(v.Nodes) // then "nothing changes" is not the mistake
			continue
		}
		if reflect.DeepEqual(node, n) {
			same++
		}
		v.Scenario.changes = append(v.Scenario.changes, changed{node, extend(at, "with")})
	}
	if hit > 0 && same == hit {
		v.decoder.problemAt(here.at, fmt.Sprintf("the change changes nothing: %s has all of it already", f.On), "give it something new")
	}
}

// selected are the nodes of a selection; what is wrong with that is reported where all selections are checked.
func (v *validator) selected(sel faults.Selector, at []any) []*Node {
	mark := len(v.decoder.problems)
	s := &selecting{validator: v, at: at, given: v.valueAt(at)}
	var out []*Node
	if !edgeIn(sel) {
		members := s.members(sel)
		for _, n := range v.Nodes {
			if members[n.Name] {
				out = append(out, n)
			}
		}
	}
	v.decoder.problems = v.decoder.problems[:mark]
	return out
}

// changeOne is one node with a change. Its mistakes are told where the change has them, or at the change itself
// where they come from both.
func (v *validator) changeOne(n *Node, with entry) (*Node, bool) {
	d := v.decoder
	mark := len(d.problems)
	for _, e := range with.value.entries {
		switch {
		case slices.Contains(fixed, e.key):
			d.problemAt(e.at, fmt.Sprintf("%s can't be changed while a node runs", e.key), "change what it does, as in timeout, routes or endpoints")
		case slices.Contains(fixedFor[n.Kind], e.key):
			d.problemAt(e.at, fmt.Sprintf("%s of a %s can't be changed while it runs", e.key, n.Kind), "leave it out")
		}
	}
	if len(d.problems) > mark {
		return nil, false
	}
	tree := patch(v.root.get("topology").get(n.Name), with.value, func(e entry) {
		d.problemAt(e.at, fmt.Sprintf("the change removes %q, which %q does not have", shorten(e.key), n.Name), "leave it out, or name what it has")
	})
	here := entry{n.Name, with.at, tree}
	node := d.changedNode(here)
	other := *v.Scenario
	other.Nodes, other.changes = replaced(v.Nodes, node), nil
	other.root = v.root.replacing("topology", v.root.get("topology").replacing(n.Name, tree, with.at), v.root.entry("topology").at)
	checks := &validator{Scenario: &other, decoder: d, only: node, endpoints: maps.Clone(v.endpoints)}
	checks.index()
	checks.nodes()
	checks.calls()
	checks.policies()
	d.blame(mark, with, n)
	return node, len(d.problems) == mark
}

// changedNode reads a patched node.
func (d *decoder) changedNode(e entry) *Node {
	node := &Node{Name: e.key}
	if d.structure(e.value, reflect.ValueOf(node).Elem(), d.fieldsOf(reflect.TypeFor[Node]())) {
		d.kind(e, node)
	}
	return node
}

// blame moves problems that do not stand in the change itself to it: they are of the node as it will be.
func (d *decoder) blame(mark int, with entry, n *Node) {
	mine := map[place]bool{}
	with.value.places(mine)
	for i := mark; i < len(d.problems); i++ {
		p := &d.problems[i]
		if at := (place{p.Line, p.Column}); !mine[at] {
			p.What = fmt.Sprintf("%q with this change: %s", n.Name, p.What)
			p.Line, p.Column = with.at.line, with.at.column
		}
	}
}

// places are where a tree's values and keys stand.
func (v *value) places(into map[place]bool) {
	into[v.at] = true
	for _, item := range v.items {
		item.places(into)
	}
	for _, e := range v.entries {
		into[e.at] = true
		e.value.places(into)
	}
}

// replacing is a mapping with another value under one of its keys, as a new mapping.
func (v *value) replacing(key string, with *value, at place) *value {
	out := *v
	out.entries = slices.Clone(v.entries)
	for i := range out.entries {
		if out.entries[i].key == key {
			out.entries[i] = entry{key, at, with}
		}
	}
	return &out
}

// replaced is the nodes with one of them in the place of its namesake.
func replaced(nodes []*Node, by *Node) []*Node {
	out := slices.Clone(nodes)
	for i := range out {
		if out[i].Name == by.Name {
			out[i] = by
		}
	}
	return out
}

// Changed is a node of the scenario with patches on it, the first one first. Without any it is the node itself.
func (s *Scenario) Changed(name string, patches ...faults.Patch) (*Node, error) {
	n := s.Node(name)
	if n == nil {
		return nil, fmt.Errorf("change %q: there is no such node", name)
	}
	if len(patches) == 0 {
		return n, nil
	}
	tree := s.root.get("topology").get(name)
	if tree == nil {
		return nil, fmt.Errorf("change %q: the scenario was not read from a file", name)
	}
	d := &decoder{file: "change"}
	d.takeTemplates(s.templates)
	for _, p := range patches {
		with, problems := read("change", []byte(p.Text))
		if len(problems) > 0 {
			return nil, fmt.Errorf("change %q with %s: %w", name, p.Words, problems)
		}
		tree = patch(tree, with, func(entry) {})
	}
	node := d.changedNode(entry{key: name, value: tree})
	if len(d.problems) > 0 {
		return nil, fmt.Errorf("change %q: %w", name, d.problems.ordered())
	}
	return node, nil
}
