package topology

import (
	"fmt"
	"sort"
	"strconv"

	"github.com/squallhq/squall/scenarios"
)

// New makes a scenario concrete. It is pure: the same scenario and seed give the same plan. Its
// error is Problems, every mistake that it found.
func New(s *scenarios.Scenario, seed uint64) (*Plan, error) { return NewWith(s, seed, nil) }

// NewWith is New of a scenario whose nodes change while they run: change makes what the plan holds of them then.
func NewWith(s *scenarios.Scenario, seed uint64, change Changer) (*Plan, error) {
	b := &builder{Plan: &Plan{Scenario: s, Seed: seed}, change: change, graph: graphOf(s), names: NamesOf(s)}
	b.nodes()
	b.loads()
	if len(b.problems) > 0 {
		return nil, b.problems // what follows would only repeat it
	}
	b.instances()
	b.links()
	b.edges()
	b.phases()
	b.faults()
	b.schedule()
	b.contradictions()
	b.configurations()
	if len(b.problems) > 0 {
		return nil, b.problems
	}
	b.lint()
	return b.Plan, nil
}

// nodes checks names, and what nodes and loads call.
func (b *builder) nodes() {
	b.problems = append(b.problems, b.names.Taken()...)
	nowhere := b.names.Nowhere()
	for _, c := range nowhere {
		if c.FromLoad() {
			b.problem(c.Path, b.choices(), "load %q goes to %q, which is not in the topology", c.From, c.To)
		} else {
			b.problem(c.Path, b.choices(), "%q calls %q, which is not in the topology", c.From, c.To)
		}
	}
	if len(nowhere) > 0 {
		return
	}
	b.problems = append(b.problems, b.names.Portless()...)
	b.problems = append(b.problems, Cycles(b.Scenario.Nodes, b.Scenario.Waits())...)
}

// loads finds what they reach.
func (b *builder) loads() {
	var entries []string
	for _, l := range b.Scenario.Loads {
		entries = append(entries, l.To)
	}
	for _, n := range b.Scenario.Nodes {
		if (n.Image != "" || n.External != nil && len(n.Calls) > 0) && n.Job == nil {
			entries = append(entries, n.Name) // somebody else's program may call without being called
		}
	}
	b.hit = b.graph.reached(entries...)
	for _, n := range b.Scenario.Nodes { // what a primary is told, its replicas are told
		if n.ReplicaOf != "" && b.hit[n.ReplicaOf] {
			b.hit[n.Name] = true
		}
	}
}

func (b *builder) instances() {
	levels := b.graph.levels(b.Scenario.Nodes, b.Scenario.Waits())
	for _, n := range b.Scenario.Nodes {
		for replica := 1; replica <= replicas(n); replica++ {
			b.Instances = append(b.Instances, Instance{
				Name: instanceName(n, replica), Node: n, Replica: replica, Level: levels[n.Name],
			})
		}
	}
	sort.SliceStable(b.Instances, func(i, j int) bool { return b.Instances[i].Level < b.Instances[j].Level })
	b.byName, b.byNode = map[string]int{}, map[string][]int{}
	for i, instance := range b.Instances {
		b.byName[instance.Name] = i
		b.byNode[instance.Node.Name] = append(b.byNode[instance.Node.Name], i)
	}
}

func (b *builder) edges() {
	b.byEdge = map[string]int{}
	for _, from := range b.Instances {
		for _, c := range b.graph.out[from.Node.Name] {
			for _, edge := range b.over(c, from.Name) {
				to := b.Instances[b.byName[edge.To]]
				edge.Latency, edge.Jitter = base(b.Scenario.Links, from, to)
				edge.Near = near(from, to)
				b.edge(edge)
			}
		}
	}
	for _, load := range b.Scenario.Loads {
		for _, edge := range b.over(scenarios.Connection{From: load.Name, To: load.To, Port: load.ToPort}, load.Name) {
			edge.Client = true
			edge.Latency, edge.Jitter = base(b.Scenario.Links, Instance{Node: &scenarios.Node{Region: load.Region, Zone: load.Zone}, Replica: 1}, b.Instances[b.byName[edge.To]])
			b.edge(edge)
		}
	}
}

// over are the edges of a connection from one caller: to each instance, and to each of its ports that it is to.
func (b *builder) over(c scenarios.Connection, caller string) []Edge {
	var out []Edge
	for _, i := range b.byNode[c.To] {
		to := b.Instances[i]
		for _, port := range to.Node.PortsOver(c) {
			edge := Edge{Name: caller + ":" + to.Name, Port: port, From: caller, To: to.Name, FromNode: c.From, ToNode: c.To}
			if port != 0 {
				edge.Name += ":" + strconv.Itoa(port)
			}
			out = append(out, edge)
		}
	}
	return out
}

// edge adds an edge, once.
func (b *builder) edge(e Edge) {
	if _, is := b.byEdge[e.Name]; !is {
		b.byEdge[e.Name] = len(b.Edges)
		b.Edges = append(b.Edges, e)
	}
}

func (b *builder) phases() {
	for i, p := range b.Scenario.Phases {
		if p.For <= 0 {
			b.problem(scenarios.At("phases").Item(i), "give it a time, as in for: 20s", "phase %q lasts %s", p.Name, p.For)
		}
		b.Phases = append(b.Phases, Span{Name: p.Name, Start: b.Total, End: b.Total + p.For})
		b.Total += p.For
	}
}

// schedule is each fault's begin and end by time. At the same time ends come before begins, so
// that a fault that follows another one never meets it.
func (b *builder) schedule() {
	for i, f := range b.Faults {
		b.Schedule = append(b.Schedule, Event{At: f.Start, Begin: true, Fault: i}, Event{At: f.End, Fault: i})
	}
	sort.SliceStable(b.Schedule, func(i, j int) bool {
		x, y := b.Schedule[i], b.Schedule[j]
		if x.At != y.At {
			return x.At < y.At
		}
		return !x.Begin && y.Begin
	})
}

func replicas(n *scenarios.Node) int { return max(n.Replicas, 1) }

func instanceName(n *scenarios.Node, replica int) string {
	return fmt.Sprintf("%s-%d", n.Name, replica)
}
