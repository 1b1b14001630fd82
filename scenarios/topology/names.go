package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// anyLoad is the name that stands for every load, unless a node or a load has it.
const anyLoad = "client"

// Names knows who is in a scenario: nodes, their instances and loads. It is the one reader of selectors.
type Names struct {
	scenario *scenarios.Scenario
	nodes    map[string]*scenarios.Node
	loads    map[string]bool
}

// NamesOf is the names of a scenario.
func NamesOf(s *scenarios.Scenario) *Names {
	n := &Names{scenario: s, nodes: make(map[string]*scenarios.Node, len(s.Nodes)), loads: map[string]bool{}}
	for _, node := range s.Nodes {
		n.nodes[node.Name] = node
	}
	for _, l := range s.Loads {
		n.loads[l.Name] = true
	}
	return n
}

// Node is the node of that name, nil for none.
func (n *Names) Node(name string) *scenarios.Node { return n.nodes[name] }

// Instance finds the node and replica that a name such as orders-2 stands for; nil if none.
func (n *Names) Instance(name string) (*scenarios.Node, int) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return nil, 0
	}
	number := name[i+1:]
	replica, err := strconv.Atoi(number)
	if err != nil || strconv.Itoa(replica) != number {
		return nil, 0
	}
	node := n.nodes[name[:i]]
	if node == nil || replica < 1 || replica > max(node.Replicas, 1) {
		return nil, 0
	}
	return node, replica
}

// Nowhere lists the connections, each as often as the scenario says of it, to what is no node.
func (n *Names) Nowhere() []scenarios.Connection {
	var out []scenarios.Connection
	n.scenario.EachConnection(func(c scenarios.Connection) {
		if n.nodes[c.To] == nil {
			out = append(out, c)
		}
	})
	return out
}

// Portless are the connections to ports that a node does not serve on.
func (n *Names) Portless() Problems {
	var out Problems
	n.scenario.EachConnection(func(c scenarios.Connection) {
		to := n.nodes[c.To]
		if to == nil || c.Port == "" || len(to.PortsOver(c)) > 0 {
			return
		}
		out = append(out, NoPort(to, c.Port, c.Path))
	})
	return out
}

// NoPort says that a node has no such port, and what would be right.
func NoPort(n *scenarios.Node, port string, at scenarios.Path) Problem {
	fix := fmt.Sprintf("it serves on %s; another is to be among its ports", n.PortWords())
	if n.BuiltIn() {
		fix = "it is built in and serves on one port: take the port away"
	}
	return Problem{At: at, What: fmt.Sprintf("%q does not serve on port %q", n.Name, port), Fix: fix}
}

// Member is part of what a selector stands for: a load, or instances of a node.
type Member struct {
	Load string
	Node *scenarios.Node
	has  func(replica int) bool // nil: every replica
}

// Has tells whether a replica of the node, counted from 1, is among them.
func (m Member) Has(replica int) bool { return m.has == nil || m.has(replica) }

// Select is what a selector stands for that has neither edges nor others in it: what is named (a node, an instance, a load, * for
// everything, client for every load), or every node that is as it says. Nothing where that is nobody. Its port is not looked at.
func (n *Names) Select(sel faults.Selector) []Member {
	if sel.Name != "" {
		return n.named(sel.Name)
	}
	if sel.Edge != nil || len(sel.Any) > 0 || sel.IsZero() {
		return nil
	}
	var out []Member
	for _, node := range n.scenario.Nodes {
		if m, is := labelled(node, sel); is {
			out = append(out, m)
		}
	}
	return out
}

func (n *Names) named(name string) []Member {
	if name == "*" {
		out := make([]Member, 0, len(n.scenario.Nodes)+len(n.scenario.Loads))
		for _, node := range n.scenario.Nodes {
			out = append(out, Member{Node: node})
		}
		return append(out, n.everyLoad()...)
	}
	var out []Member
	if node := n.nodes[name]; node != nil {
		out = append(out, Member{Node: node})
	} else if node, replica := n.Instance(name); node != nil {
		out = append(out, Member{Node: node, has: func(r int) bool { return r == replica }})
	}
	if n.loads[name] {
		out = append(out, Member{Load: name})
	}
	if out == nil && name == anyLoad {
		return n.everyLoad()
	}
	return out
}

func (n *Names) everyLoad() []Member {
	var out []Member
	for _, l := range n.scenario.Loads {
		out = append(out, Member{Load: l.Name})
	}
	return out
}

// labelled is those instances of a node that have everything that a selector asks for, and whether there are any.
func labelled(n *scenarios.Node, sel faults.Selector) (Member, bool) {
	if sel.Region != "" && n.Region != sel.Region || sel.Role != "" && string(n.Kind) != sel.Role {
		return Member{}, false
	}
	for key, text := range sel.Labels {
		if got, ok := n.Labels[key]; !ok || got != text {
			return Member{}, false
		}
	}
	if sel.Zone == "" {
		return Member{Node: n}, true
	}
	inZone := func(replica int) bool { return n.ZoneOf(replica) == sel.Zone }
	return Member{Node: n, has: inZone}, slices.Contains(n.EveryZone(), sel.Zone)
}

// Taken are the names that two of a scenario's nodes, instances and loads have.
func (n *Names) Taken() Problems {
	var out Problems
	say := func(at scenarios.Path, fix, what string, args ...any) {
		out = append(out, Problem{At: at, What: fmt.Sprintf(what, args...), Fix: fix})
	}
	const rename = "rename one of them"
	for _, node := range n.scenario.Nodes {
		if n.nodes[node.Name] != node {
			say(scenarios.At("topology", node.Name), "give each node a name of its own", "two nodes are named %q", node.Name)
		}
		if of, replica := n.Instance(node.Name); of != nil {
			say(scenarios.At("topology", node.Name), rename, "node %q has the name of replica %d of %q", node.Name, replica, of.Name)
		}
	}
	seen := map[string]bool{}
	for _, l := range n.scenario.Loads {
		at := scenarios.At("load", l.Name)
		of, _ := n.Instance(l.Name)
		switch {
		case n.nodes[l.Name] != nil:
			say(at, rename, "load %q has the name of a node", l.Name)
		case of != nil:
			say(at, rename, "load %q has the name of a replica of %q", l.Name, of.Name)
		case seen[l.Name]:
			say(at, rename, "load %q has the name of another load", l.Name)
		case l.Name == "all":
			say(at, "expectations use it for all loads; choose another name", `a load can't be named "all"`)
		}
		seen[l.Name] = true
	}
	return out
}
