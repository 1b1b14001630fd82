package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
	"github.com/squallhq/squall/scenarios/topology"
)

// selecting resolves one selection to names of nodes and loads, and reports what stands for nothing.
type selecting struct {
	*Checker
	at    scenarios.Path // the key that holds the selection
	given *source.Value  // its value
	bad   bool           // something was reported
}

// members are the nodes and loads that a selector without edges stands for.
func (s *selecting) members(sel faults.Selector) map[string]bool {
	out := map[string]bool{}
	switch {
	case sel.Name == "*":
		return s.everything
	case len(sel.Any) > 0:
		for _, one := range sel.Any {
			members := s.members(one)
			if len(members) == len(s.everything) {
				return members
			}
			maps.Copy(out, members)
		}
		return out
	case sel.IsZero():
		return nil
	}
	for _, m := range s.who.Select(sel) {
		if m.Node != nil {
			out[m.Node.Name] = true
		} else {
			out[m.Load] = true
		}
	}
	s.port(sel)
	switch {
	case len(out) > 0:
	case sel.Name != "":
		s.unknown(sel.Name)
	case sel.Edge == nil:
		s.labels(sel)
	}
	return out
}

// port reports a port that the selected node does not serve on.
func (s *selecting) port(sel faults.Selector) {
	if sel.Port == "" {
		return
	}
	for _, m := range s.who.Select(sel) {
		switch {
		case m.Node == nil:
			s.bad = true
			s.say(sel.Name, fmt.Sprintf("%q is a load, which has no ports", sel.Name), "take the port away")
		case len(m.Node.PortsOver(scenarios.Connection{Port: sel.Port})) == 0:
			s.bad = true
			p := topology.NoPort(m.Node, sel.Port, s.at)
			s.say(sel.Name, p.What, p.Fix)
		}
	}
}

// unknown reports a name that nothing has.
func (s *selecting) unknown(name string) {
	s.bad = true
	if s.Report.Full() {
		return
	}
	if i := strings.LastIndexByte(name, '-'); i > 0 {
		if n := s.node(name[:i]); n != nil && strings.Trim(name[i+1:], "0123456789") == "" {
			s.say(name, fmt.Sprintf("there is no instance %s", source.QuoteShort(name)), fmt.Sprintf("%s has %d: use %s-1 to %s-%d", n.Name, max(n.Replicas, 1), n.Name, n.Name, max(n.Replicas, 1)))
			return
		}
	}
	known := append(s.nodeNames(), s.loadNames()...)
	s.say(name, fmt.Sprintf("no node, instance or load is named %s", source.QuoteShort(name)), source.DidYouMean(name, known, "there are"))
}

func (v *Checker) loadNames() []string {
	var names []string
	for _, l := range v.Loads {
		names = append(names, l.Name)
	}
	return names
}

// labels reports a selection by labels that no node has.
func (s *selecting) labels(sel faults.Selector) {
	s.bad = true
	if s.Report.Full() {
		return
	}
	known := map[string][]string{}
	add := func(key, text string) {
		if text != "" && !slices.Contains(known[key], text) {
			known[key] = append(known[key], text)
		}
	}
	for _, n := range s.Nodes {
		add("region", n.Region)
		for _, zone := range n.EveryZone() {
			add("zone", zone)
		}
		add("kind", string(n.Kind))
		for key, text := range n.Labels {
			add("label "+key, text)
		}
	}
	wanted := []struct{ key, text string }{{"region", sel.Region}, {"zone", sel.Zone}, {"kind", sel.Role}}
	for _, key := range sortedKeys(sel.Labels) {
		wanted = append(wanted, struct{ key, text string }{"label " + key, sel.Labels[key]})
	}
	for _, w := range wanted {
		if w.text != "" && !slices.Contains(known[w.key], w.text) {
			slices.Sort(known[w.key])
			s.say(w.text, fmt.Sprintf("no node has %s %s", w.key, source.QuoteShort(w.text)), source.DidYouMean(w.text, known[w.key], "there are"))
			return
		}
	}
	s.say("", fmt.Sprintf("no node has all of %s", sel), "ask for less")
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// say reports a problem at the scalar of the selection that has the name in it.
func (s *selecting) say(name, what, fix string) {
	at := grammar.PlaceAt(s.Root, s.at)
	if found := s.given.Holding(name); found != nil && name != "" {
		at = found.At
	}
	s.Report.ProblemAt(at, what, fix)
}

// edges checks that a selection of connections, or of nodes for the connections into them, is not empty.
func (s *selecting) edges(sel faults.Selector, word string) {
	if len(sel.Any) > 0 {
		for _, one := range sel.Any {
			s.edges(one, word)
		}
		return
	}
	if sel.Edge == nil {
		members := s.members(sel)
		for _, c := range s.connections {
			if members[c.To] || c.FromLoad() && members[c.From] {
				return
			}
		}
		if !s.bad {
			s.say(sel.Name, fmt.Sprintf("%s on %s hits nothing: nobody calls it", word, sel), "select a node that is called")
		}
		return
	}
	from, to := s.members(sel.Edge.From), s.members(sel.Edge.To)
	if s.bad || joined(s.connections, from, to) || sel.Edge.Both && joined(s.connections, to, from) {
		return
	}
	fix := s.nearby(from, to)
	if joined(s.connections, to, from) {
		fix = fmt.Sprintf("the caller comes first: %s -> %s", sel.Edge.To, sel.Edge.From)
	}
	s.say(sel.Edge.From.Name, fmt.Sprintf("the topology has no connection %s", sel), fix)
}

func joined(connections []scenarios.Connection, from, to map[string]bool) bool {
	return slices.ContainsFunc(connections, func(c scenarios.Connection) bool {
		return from[c.From] && to[c.To]
	})
}

// nearby lists connections that share an end with one that isn't there.
func (s *selecting) nearby(from, to map[string]bool) string {
	if s.Report.Full() {
		return ""
	}
	var names []string
	for _, c := range s.connections {
		if from[c.From] || to[c.To] {
			names = append(names, c.From+" -> "+c.To)
		}
	}
	if len(names) == 0 {
		for _, c := range s.connections {
			names = append(names, c.From+" -> "+c.To)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "there are " + source.ShortList(names)
}

// Selected are the nodes of a selection; what is wrong with that is reported where all selections are checked.
func (v *Checker) Selected(sel faults.Selector, at scenarios.Path) []*scenarios.Node {
	mark := len(v.Report.Problems)
	s := &selecting{Checker: v, at: at, given: v.valueAt(at)}
	var out []*scenarios.Node
	if !edgeIn(sel) {
		members := s.members(sel)
		for _, n := range v.Nodes {
			if members[n.Name] {
				out = append(out, n)
			}
		}
	}
	v.Report.Problems = v.Report.Problems[:mark]
	return out
}

func edgeIn(sel faults.Selector) bool {
	for _, one := range sel.Any {
		if edgeIn(one) {
			return true
		}
	}
	return sel.Edge != nil
}
