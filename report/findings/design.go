package findings

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// design is what was run: the nodes and loads of the scenario as values again.
type design struct {
	nodes map[string]*scenarios.Node
	loads map[string]*scenarios.Load
	calls []call
}

// call is one way in which a node asks another, with the policy that it does so by.
type call struct {
	from, to string
	endpoint string // that it serves, "" for all
	method   string
	path     string // of the call, "" where it goes on as it came
	policy   scenarios.Policy
	failover []string
	fallback bool
	cache    *scenarios.ReadCache
	serial   int  // how many synchronous steps of its endpoint come before it
	parallel bool // beside others
	share    float64
	async    bool // nobody waits for it
	write    bool
	read     bool
	identity bool
	cost     bool // a read with a cost of its own
}

func readDesign(d *record.Design) (*design, error) {
	out := &design{nodes: map[string]*scenarios.Node{}, loads: map[string]*scenarios.Load{}}
	var order []*scenarios.Node
	for _, raw := range d.Nodes {
		n := &scenarios.Node{}
		if err := json.Unmarshal(raw, n); err != nil {
			return nil, fmt.Errorf("read the design: %w", err)
		}
		out.nodes[n.Name] = n
		order = append(order, n)
	}
	for _, raw := range d.Loads {
		l := &scenarios.Load{}
		if err := json.Unmarshal(raw, l); err != nil {
			return nil, fmt.Errorf("read the design: %w", err)
		}
		out.loads[l.Name] = l
	}
	for _, n := range order {
		out.calls = append(out.calls, callsOf(n)...)
	}
	return out, nil
}

// callsOf are a node's calls of others, those that nobody waits for included.
func callsOf(n *scenarios.Node) []call {
	var out []call
	add := func(c call) {
		if c.to != "" {
			c.from = n.Name
			c.policy = c.policy.Over(n.Policy)
			out = append(out, c)
		}
	}
	add(call{to: n.Origin, failover: n.Failover.Failover})
	for _, r := range n.Routes {
		method, _, ok := strings.Cut(r.Match, " ")
		if !ok {
			method = ""
		}
		c := call{to: r.To, endpoint: r.Match, method: method, policy: scenarios.Policy{Timeout: r.Timeout}, failover: r.Failover.Failover, share: 1}
		if r.Split != nil {
			c.share = 1 - r.Split.Share
			add(call{to: r.Split.To, endpoint: r.Match, method: method, policy: c.policy, share: r.Split.Share})
		}
		add(c)
	}
	if n.Identity != nil {
		add(call{to: n.Identity.Node, method: n.Identity.Method, identity: true})
	}
	if n.To != nil {
		add(call{to: n.To.Node, method: n.To.Method, async: true})
	}
	for _, s := range n.Subscribers {
		add(call{to: s.To.Node, method: s.To.Method, policy: s.Policy, async: true})
	}
	for _, e := range n.Endpoints {
		serial := 0
		for i := range e.Steps {
			for _, c := range stepCalls(&e.Steps[i], e.Match, serial) {
				add(c)
			}
			if s := &e.Steps[i]; s.First() != "" || len(s.Parallel) > 0 {
				serial++
			}
		}
	}
	return out
}

// stepCalls are the calls of one step of an endpoint, those beside each other in it included.
func stepCalls(s *scenarios.Step, endpoint string, serial int) []call {
	c := call{
		endpoint: endpoint, policy: s.Policy, failover: s.Failover.Failover, fallback: s.Fallback != nil,
		cache: s.Cache, serial: serial, share: 1,
	}
	switch {
	case s.Call != nil:
		c.to, c.method, c.path = s.Call.Node, s.Call.Method, s.Call.Path
	case s.Read != "":
		c.to, c.read, c.cost = s.Read, true, s.Cost != nil
	case s.Write != "":
		c.to, c.write = s.Write, true
	case s.Pop.Pop != "":
		c.to = s.Pop.Pop
	case s.SQL != "":
		c.to, c.write = s.SQL, !s.Query.Reads()
		c.read = !c.write
	}
	var out []call
	if c.to != "" {
		out = append(out, c)
	}
	for i := range s.Parallel {
		for _, beside := range stepCalls(&s.Parallel[i], endpoint, serial) {
			beside.parallel = true
			if s.WaitFor > 0 {
				beside.share = s.WaitFor
			}
			out = append(out, beside)
		}
	}
	return out
}

// from are the calls that a node makes and waits for.
func (d *design) from(node string) (out []call) {
	for _, c := range d.calls {
		if c.from == node && !c.async {
			out = append(out, c)
		}
	}
	return out
}

// to are the calls that others make to a node and wait for.
func (d *design) to(node string) (out []call) {
	for _, c := range d.calls {
		if c.to == node && !c.async {
			out = append(out, c)
		}
	}
	return out
}

// between are a node's calls of another.
func (d *design) between(from, to string) (out []call) {
	for _, c := range d.calls {
		if c.from == from && c.to == to {
			out = append(out, c)
		}
	}
	return out
}

// below is a node and all that it reaches by calls that are waited for.
func (d *design) below(node string) map[string]bool {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(at string) {
		if seen[at] {
			return
		}
		seen[at] = true
		for _, c := range d.from(at) {
			visit(c.to)
		}
	}
	visit(node)
	return seen
}

// kind is a node's kind, "" where there is no such node.
func (d *design) kind(node string) scenarios.Kind {
	if n := d.nodes[node]; n != nil {
		return n.Kind
	}
	return ""
}

// replicas is how many instances a node has.
func (d *design) replicas(node string) int {
	if n := d.nodes[node]; n != nil {
		return max(n.Replicas, 1)
	}
	return 0
}
