package scenarios

import (
	"fmt"
	"reflect"
	"slices"

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

// changing checks what a document's changes make of its nodes.
type changing struct {
	doc *Document
	*validator
	decoder *decoder
}

// changes checks every change on every node that it hits, as it will be then, and keeps those nodes: what they
// call is connected from the start.
func (doc *Document) changes(told *report, d *decoder) {
	c := &changing{doc, newValidator(doc.Scenario, doc.root, told), d}
	c.answers()
	for i, p := range doc.Scenario.Phases {
		for j, f := range p.Faults {
			if change, is := f.Kind.(faults.Change); is && change.With.Text != "" {
				c.change(f, At("phases").Item(i).Key("faults").Item(j))
			}
		}
	}
}

func (c *changing) change(f faults.Fault, at Path) {
	with := valueAt(c.root, at.Key("with"))
	here := entry{"with", placeAt(c.root, at.Key("with")), with}
	hit, same := 0, 0
	for _, n := range c.selected(f.On, at.Key("change")) {
		switch {
		case n.Kind == "":
			continue
		case n.Kind == KindCache:
			c.problem(at.Key("change"), fmt.Sprintf("%q is a cache, which can't be changed while it runs", n.Name), "name others")
			continue
		case n.Image != "" || n.Kind == KindImage:
			c.problem(at.Key("change"), fmt.Sprintf("change is for built-in nodes, and %q runs an image", n.Name), "name others")
			continue
		}
		hit++
		node, ok := c.one(n, here)
		if !ok {
			same = -len(c.doc.Scenario.Nodes) // then "nothing changes" is not the mistake
			continue
		}
		if reflect.DeepEqual(node, n) {
			same++
		}
		c.doc.Scenario.Changes = append(c.doc.Scenario.Changes, Changed{node, at.Key("with")})
	}
	if hit > 0 && same == hit {
		c.report.problemAt(here.at, fmt.Sprintf("the change changes nothing: %s has all of it already", f.On), "give it something new")
	}
}

// one is one node with a change. Its mistakes are told where the change has them, or at the change itself
// where they come from both.
func (c *changing) one(n *Node, with entry) (*Node, bool) {
	told := c.report
	mark := len(told.problems)
	for _, e := range with.value.entries {
		switch {
		case slices.Contains(fixed, e.key):
			told.problemAt(e.at, fmt.Sprintf("%s can't be changed while a node runs", e.key), "change what it does, as in timeout, routes or endpoints")
		case slices.Contains(fixedFor[n.Kind], e.key):
			told.problemAt(e.at, fmt.Sprintf("%s of a %s can't be changed while it runs", e.key, n.Kind), "leave it out")
		}
	}
	if len(told.problems) > mark {
		return nil, false
	}
	tree := patch(c.root.get("topology").get(n.Name), with.value, func(e entry) {
		told.problemAt(e.at, fmt.Sprintf("the change removes %q, which %q does not have", shorten(e.key), n.Name), "leave it out, or name what it has")
	})
	here := entry{n.Name, with.at, tree}
	node := c.decoder.changedNode(here, n)
	topology := c.root.get("topology").replacing(n.Name, tree, with.at)
	c.with(node, c.root.replacing("topology", topology, c.root.entry("topology").at)).changed()
	blame(told, mark, with, n)
	return node, len(told.problems) == mark
}

// blame moves problems that do not stand in the change itself to it: they are of the node as it will be.
func blame(told *report, mark int, with entry, n *Node) {
	mine := map[place]bool{}
	with.value.places(mine)
	for i := mark; i < len(told.problems); i++ {
		p := &told.problems[i]
		if at := (place{p.Line, p.Column}); !mine[at] {
			p.What = fmt.Sprintf("%q with this change: %s", n.Name, p.What)
			p.Line, p.Column = with.at.line, with.at.column
		}
	}
}
