package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// calls checks every place where a node names another that is there: that it is of a kind that can be used so, and has an
// answer.
func (v *Checker) calls() {
	for _, n := range v.looked() {
		v.reaches(n.Origin, "origin", scenarios.At("topology", n.Name, "origin"))
		v.reachesOr(n.Failover, n.Origin, scenarios.At("topology", n.Name))
		for i, r := range n.Routes {
			v.reaches(r.To, "to", scenarios.At("topology", n.Name, "routes").Item(i).Key("to"))
			if r.Split != nil {
				v.reaches(r.Split.To, "to", scenarios.At("topology", n.Name, "routes").Item(i).Key("split", "to"))
			}
			v.reachesOr(r.Failover, r.To, scenarios.At("topology", n.Name, "routes").Item(i))
		}
		if n.Identity != nil {
			v.called(n.Identity, scenarios.At("topology", n.Name, "identity"))
		}
		v.deliveries(n)
		v.steps(n)
	}
}

// nowhere tells of every place where a node or a load names one that is not there.
func (v *Checker) nowhere() {
	for _, c := range v.who.Nowhere() {
		if v.only != nil && (c.FromLoad() || c.From != v.only.Name) || v.Report.Full() {
			continue
		}
		if node, port := scenarios.CutPort(c.To); port != "" && v.node(node) != nil {
			v.Problem(c.Path, fmt.Sprintf("%s is a port of a node where a node is meant", source.QuoteShort(c.To)), "write "+node+": NODE:PORT is for calls, an origin, a route's to, a load's to, and faults")
			continue
		}
		v.Problem(c.Path, "there is no node "+source.QuoteShort(c.To), source.DidYouMean(c.To, v.nodeNames(), "nodes"))
	}
}

func (v *Checker) steps(n *scenarios.Node) {
	match := ""
	for _, e := range n.Endpoints {
		v.events(e.Steps, scenarios.At("topology", n.Name, "endpoints", e.Match))
	}
	n.EachStep(func(s *scenarios.Step, at scenarios.Path) {
		match = at[3].Key
		v.cached(s, at)
		v.taken("the key", s.Key, match, at.Key("key"))
		v.when(s.When, at)
		if s.Respond != nil {
			v.headers(s.Respond.Headers, "", n.Name, at.Key("respond"))
		}
		v.failover(s.Failover, s.First(), at)
		v.replicaRead(s, at)
		v.rowRead(s, at)
		v.brokered(s, at)
		v.popped(s, match, at)
		v.query(s, match, at)
		v.taken("the value", s.Value, match, at.Key("value"))
		if len(s.Value) > mostValue {
			v.Problem(at.Key("value"), fmt.Sprintf("the value is %d bytes long", len(s.Value)), fmt.Sprintf("use %d at most", mostValue))
		}
		for _, u := range s.Uses() {
			here := at.Join(u.Keys)
			if u.How == "cache" || u.How == "publish" {
				continue // checked with the rest of the cache, or of the outbox
			}
			if u.How == "pop" {
				continue // checked with the rest of it
			}
			if u.How == "call" {
				v.called(u.Call, here)
				v.parameters(u.Call, match, here)
				continue
			}
			v.stored(u, here)
		}
	})
}

// mostValue is how long the value of a set may be: it is what crosses a wire in a header.
const mostValue = 4 << 10

// stored checks that what is read is a database, and what is written a database or queue.
func (v *Checker) stored(u scenarios.Use, at scenarios.Path) {
	n := v.node(u.Node)
	switch {
	case n != nil && (u.How == "get" || u.How == "set"):
		if n.Kind != scenarios.KindCache && n.Kind != "" && !v.unasked(n, at) {
			v.Problem(at, fmt.Sprintf("%s needs a cache, and %q is a %s", u.How, n.Name, n.Kind), "name a node of kind cache")
		}
	case n != nil && n.ReplicaOf != "" && u.How == "write" && u.Keys[0].Key != "failover": // where it may have been promoted
		v.Problem(at, fmt.Sprintf("%q is a replica and refuses writes", u.Node), "write to its primary, "+n.ReplicaOf)
	case n == nil || n.Kind == scenarios.KindDatabase || n.Kind == "" || v.unasked(n, at):
	case n.Kind.TakesMessages() && u.How == "write":
	case n.Kind == scenarios.KindQueue:
		v.Problem(at, fmt.Sprintf("%q is a queue and can't be read", u.Node), "a queue delivers by itself: give it to: NODE METHOD /path, or pop from it")
	case n.Kind == scenarios.KindStream:
		v.Problem(at, fmt.Sprintf("%q is a stream and can't be read", u.Node), "a stream delivers by itself: give it a subscriber")
	default:
		v.Problem(at, fmt.Sprintf("%s needs a database%s, and %q is a %s", u.How, orQueue(u.How), u.Node, n.Kind), "use call: NODE METHOD /path")
	}
}

func orQueue(how string) string {
	if how == "write" {
		return " or queue"
	}
	return ""
}

// parameters checks that a called path takes only parameters that its endpoint has.
func (v *Checker) parameters(c *scenarios.Call, match string, at scenarios.Path) {
	v.taken("the call", c.Path, match, at)
}

// taken checks that a text takes only parameters that its endpoint has.
func (v *Checker) taken(what, text, match string, at scenarios.Path) {
	name := func(p string) string { return strings.TrimSuffix(strings.Trim(p, "{}"), "...") }
	has := v.parametersAt(match, at)
	for _, p := range grammar.AnyParameter.FindAllString(text, -1) {
		if !slices.Contains(has, name(p)) {
			fix := source.DidYouMean(name(p), has, "it has")
			if len(has) == 0 {
				fix = "it has no parameters; write a fixed path"
			}
			v.Problem(at, fmt.Sprintf("%s takes %s from its endpoint %s, which does not have it", what, source.Shorten(p), source.QuoteShort(match)), fix)
		}
	}
}
