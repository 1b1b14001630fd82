package language

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/check"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// fixed are the keys of a node that no change can touch while it runs: what it is, where, and with what machine.
var fixed = append([]string{"kind", "use", "image", "command", "env", "port", "ports", "health", "calls", "stand_in"}, grammar.Whole...)

// fixedFor are the keys that a kind takes up only when it starts.
var fixedFor = map[scenarios.Kind][]string{
	scenarios.KindCDN: serving, scenarios.KindGateway: serving, scenarios.KindService: serving, scenarios.KindQueue: append([]string{"workers"}, serving...),
	scenarios.KindStream: {"partitions"},
}

// serving are the keys of a node's listener.
var serving = []string{"connections", "header_timeout"}

// changing checks what a document's changes make of its nodes.
type changing struct {
	doc *Document
	*check.Checker
	decoder *grammar.Decoder
}

// changes checks every change on every node that it hits, as it will be then, and keeps those nodes: what they
// call is connected from the start.
func (doc *Document) changes(told *source.Report, d *grammar.Decoder) {
	c := &changing{doc, check.New(doc.Scenario, doc.root, told), d}
	c.Answers()
	for i, p := range doc.Scenario.Phases {
		for j, f := range p.Faults {
			if change, is := f.Kind.(faults.Change); is && change.With.Text != "" {
				c.change(f, scenarios.At("phases").Item(i).Key("faults").Item(j))
			}
		}
	}
}

func (c *changing) change(f faults.Fault, at scenarios.Path) {
	with := grammar.ValueAt(c.Root, at.Key("with"))
	here := source.Entry{Key: "with", At: grammar.PlaceAt(c.Root, at.Key("with")), Value: with}
	hit, same := 0, 0
	for _, n := range c.Selected(f.On, at.Key("change")) {
		switch {
		case n.Kind == "":
			continue
		case n.Kind == scenarios.KindCache:
			c.Problem(at.Key("change"), fmt.Sprintf("%q is a cache, which can't be changed while it runs", n.Name), "name others")
			continue
		case n.External != nil || n.Kind == scenarios.KindExternal:
			c.Problem(at.Key("change"), fmt.Sprintf("change is for built-in nodes, and %q is external", n.Name), "name others")
			continue
		case n.Image != "" || n.Kind == scenarios.KindImage:
			c.Problem(at.Key("change"), fmt.Sprintf("change is for built-in nodes, and %q runs an image", n.Name), "name others")
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
		c.doc.Scenario.Changes = append(c.doc.Scenario.Changes, scenarios.Changed{Node: node, At: at.Key("with")})
	}
	if hit > 0 && same == hit {
		c.Report.ProblemAt(here.At, fmt.Sprintf("the change changes nothing: %s has all of it already", f.On), "give it something new")
	}
}

// one is one node with a change. Its mistakes are told where the change has them, or at the change itself
// where they come from both.
func (c *changing) one(n *scenarios.Node, with source.Entry) (*scenarios.Node, bool) {
	told := c.Report
	mark := len(told.Problems)
	for _, e := range with.Value.Entries {
		switch {
		case slices.Contains(fixed, e.Key):
			told.ProblemAt(e.At, fmt.Sprintf("%s can't be changed while a node runs", e.Key), "change what it does, as in timeout, routes or endpoints")
		case slices.Contains(fixedFor[n.Kind], e.Key):
			told.ProblemAt(e.At, fmt.Sprintf("%s of a %s can't be changed while it runs", e.Key, n.Kind), "leave it out")
		}
	}
	if len(told.Problems) > mark {
		return nil, false
	}
	tree := source.Patch(c.Root.Get("topology").Get(n.Name), with.Value, func(e source.Entry) {
		told.ProblemAt(e.At, fmt.Sprintf("the change removes %q, which %q does not have", source.Shorten(e.Key), n.Name), "leave it out, or name what it has")
	})
	here := source.Entry{Key: n.Name, At: with.At, Value: tree}
	node := c.decoder.ChangedNode(here, n)
	c.doc.Scenario.SettlePorts(node)
	topology := c.Root.Get("topology").Replacing(n.Name, tree, with.At)
	c.With(node, c.Root.Replacing("topology", topology, c.Root.Entry("topology").At)).Changed()
	blame(told, mark, with, n)
	return node, len(told.Problems) == mark
}

// blame moves problems that do not stand in the change itself to it: they are of the node as it will be.
func blame(told *source.Report, mark int, with source.Entry, n *scenarios.Node) {
	mine := map[source.Place]bool{}
	with.Value.Places(mine)
	for i := mark; i < len(told.Problems); i++ {
		p := &told.Problems[i]
		if at := (source.Place{Line: p.Line, Column: p.Column}); !mine[at] {
			p.What = fmt.Sprintf("%q with this change: %s", n.Name, p.What)
			p.Line, p.Column = with.At.Line, with.At.Column
		}
	}
}
