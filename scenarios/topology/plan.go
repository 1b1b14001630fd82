// Package topology turns a scenario into a plan: every instance, every edge between instances,
// the order in which they start, and every primitive action with its time. A plan is pure data,
// computed before anything starts; `squall plan` prints it and one loop carries it out.
package topology

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

// Plan is a scenario made concrete.
type Plan struct {
	Scenario *scenarios.Scenario
	Seed     uint64
	// Instances in start order: what is called comes before what calls it.
	Instances []Instance
	// Edges in the order of their callers; the loads' edges come last.
	Edges []Edge
	// Phases with their times; all times of a plan count from the start of the first phase, the warm-up is before 0.
	Phases []Span
	// Schedule is every fault's begin and end, sorted by time.
	Schedule []Event
	// Faults are the scenario's, resolved, in its order.
	Faults []ResolvedFault
	Total  time.Duration
	// Configurations are what changes make of nodes: of every change, and of those that may be on together.
	Configurations []Configuration
	// Warnings are what looks like a mistake but can be run, one sentence each.
	Warnings []string
}

// Instance is one replica of a node.
type Instance struct {
	// Name is NODE-1, NODE-2, ...
	Name string
	Node *scenarios.Node
	// Replica counts from 1.
	Replica int
	// Level is 0 for what calls nothing; an instance starts when all lower levels are healthy.
	Level int
}

// Zone is where it is: its node's, or its own of those that the replicas are spread over.
func (i Instance) Zone() string { return i.Node.ZoneOf(i.Replica) }

// Edge is a connection from one caller (an instance, or a load) to one instance.
type Edge struct {
	// Name is CALLER:CALLEE, as in orders-1:payments-2 or shoppers:edge-1, and CALLER:CALLEE:PORT where Port is not 0. It names
	// the edge's toxiproxy proxy.
	Name string
	// Port is the callee's that it leads to, where that is not its first.
	Port int
	// From is an instance's or a load's name, To an instance's.
	From, To string
	// FromNode and ToNode are the nodes' names (FromNode is the load's name for a load).
	FromNode, ToNode string
	// Client tells that From is a load.
	Client bool
	// Near is what both ends are in: NearZone, NearRegion or neither.
	Near string
	// Latency and Jitter are the base network between their regions and zones, one way.
	Latency, Jitter time.Duration
}

// Callee is what its caller counts its calls over it by: To, with the port where that is not the first.
func (e Edge) Callee() string {
	if e.Port == 0 {
		return e.To
	}
	return e.To + ":" + strconv.Itoa(e.Port)
}

// Selected is how a fault in a scenario says that it is on this edge alone.
func (e Edge) Selected() string { return e.From + " -> " + e.Callee() }

// What two instances have in common.
const (
	NearZone   = "zone"
	NearRegion = "region"
)

// Span is a phase in time.
type Span struct {
	Name       string
	Start, End time.Duration
}

// ResolvedFault is a fault with what it hits and when.
type ResolvedFault struct {
	Fault      faults.Fault
	Phase      string
	Start, End time.Duration
	Targets    faults.Targets
	Primitives []faults.Primitive
	// Words are what the person wrote who put it on by hand.
	Words string
	// Path is where it stands in the scenario, Line the same in its file, as FILE:LINE:COLUMN; empty: it stands in none.
	Path scenarios.Path
	Line string
}

// Refused is the error of an engine that can't carry it out: where it stands, which it is, and why.
func (f ResolvedFault) Refused(why error) error {
	line := ""
	if f.Line != "" {
		line = f.Line + ": "
	}
	return fmt.Errorf("%sfault %q in phase %q: %w", line, f.Fault.Kind.String(), f.Phase, why)
}

// Event begins or ends one fault: all its primitives at once.
type Event struct {
	At    time.Duration
	Begin bool
	// Fault indexes Plan.Faults.
	Fault int
}

// Instance finds an instance by name.
func (p *Plan) Instance(name string) (Instance, bool) {
	for _, i := range p.Instances {
		if i.Name == name {
			return i, true
		}
	}
	return Instance{}, false
}

// Edge finds an edge by name.
func (p *Plan) Edge(name string) (Edge, bool) {
	for _, e := range p.Edges {
		if e.Name == name {
			return e, true
		}
	}
	return Edge{}, false
}

// Back tells an edge whose caller starts no later than its callee: what a queue or a stream delivers to somebody who
// writes to it, be it by way of others.
func (p *Plan) Back(e Edge) bool {
	from, ok := p.Instance(e.From)
	to, _ := p.Instance(e.To)
	return ok && from.Level <= to.Level
}

// EdgesFrom lists the edges whose caller is the given instance or load.
func (p *Plan) EdgesFrom(caller string) []Edge {
	var out []Edge
	for _, e := range p.Edges {
		if e.From == caller {
			out = append(out, e)
		}
	}
	return out
}

// Changer makes a node of a scenario with patches on it, the first one first. Only planning asks it.
type Changer func(node string, patches ...faults.Patch) (*scenarios.Node, error)

// Configuration is a node as changes make it that are on at the same time.
type Configuration struct {
	// Patches are the texts of what they change, in the order in which they began.
	Patches []string
	Node    *scenarios.Node
}

// Changed is a node with patches on it, the first one first. Without any it is the node itself.
func (p *Plan) Changed(node string, patches ...faults.Patch) (*scenarios.Node, error) {
	if len(patches) == 0 {
		if n := p.Scenario.Node(node); n != nil {
			return n, nil
		}
	}
	texts := textsOf(patches)
	for _, c := range p.Configurations {
		if c.Node.Name == node && slices.Equal(c.Patches, texts) {
			return c.Node, nil
		}
	}
	return nil, fmt.Errorf("change %q: the plan does not have it with %s", node, wordsOf(patches))
}

func textsOf(patches []faults.Patch) []string {
	texts := make([]string, len(patches))
	for i, p := range patches {
		texts[i] = p.Text
	}
	return texts
}

// wordsOf tells patches without their secrets.
func wordsOf(patches []faults.Patch) string {
	words := make([]string, len(patches))
	for i, p := range patches {
		words[i] = p.Words
	}
	return strings.Join(words, ", then ")
}

// Moves tells that a fault of its has instances come up on other machines.
func (p *Plan) Moves() bool {
	for _, f := range p.Faults {
		if slices.ContainsFunc(f.Primitives, func(one faults.Primitive) bool { return one.Elsewhere > 0 }) {
			return true
		}
	}
	return false
}

// LookedUpBy are the instances whose lookups its faults change.
func (p *Plan) LookedUpBy() (callers []string) {
	for _, f := range p.Faults {
		for _, one := range f.Primitives {
			if one.Op != faults.OpLookup {
				continue
			}
			e, known := p.Edge(one.Edge)
			if known && !e.Client && !slices.Contains(callers, e.From) {
				callers = append(callers, e.From)
			}
		}
	}
	return callers
}
