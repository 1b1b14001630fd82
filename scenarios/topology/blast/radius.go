// Package blast says what of a system a fault would reach, and which users' requests, before anybody puts it on: from the plan alone.
package blast

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Radius is what a fault reaches.
type Radius struct {
	// Nodes of which it hits replicas, and Edges between two of which it hits connections, in the plan's order.
	Nodes, Edges []Part
	// Machines tells that it takes machines, too: what else is there is not in the plan, and so not counted.
	Machines bool
	// Requests of the loads, in the scenario's order.
	Requests []Reached
}

// Part is how many of something it hits: of a node's replicas, or of the connections between two nodes.
type Part struct {
	Name    string
	Hit, Of int
}

// Reached is the share of a load's requests of one kind that may meet it: their way goes over what it hits, where nothing answers before
// (a cache, a fallback) and every step is taken.
type Reached struct {
	Load, Request string
	Share         float64
}

// String is it in words, as in "2 of 3 replicas of orders, 1 of 2 connections shop -> orders".
func (r Radius) String() string {
	var words []string
	for _, n := range r.Nodes {
		words = append(words, fmt.Sprintf("%d of %s of %s", n.Hit, plural(n.Of, "replica"), n.Name))
	}
	for _, e := range r.Edges {
		words = append(words, fmt.Sprintf("%d of %s %s", e.Hit, plural(e.Of, "connection"), e.Name))
	}
	if r.Machines {
		words = append(words, "and all that is beside them on their machines")
	}
	return strings.Join(words, ", ")
}

func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// Of is what a fault of a plan reaches.
func Of(p *topology.Plan, f topology.ResolvedFault) Radius {
	w := &ways{
		plan: p, hit: map[string]bool{}, known: map[string]float64{}, outOf: map[string][]topology.Edge{}, waited: map[[2]string]bool{},
		answers: map[string]*http.ServeMux{},
	}
	var out Radius
	for _, one := range f.Primitives {
		w.hit[one.Edge+one.Instance] = true
		out.Machines = out.Machines || one.Op.TakesMachine()
	}
	for _, e := range p.Edges {
		w.outOf[e.From] = append(w.outOf[e.From], e)
	}
	for _, c := range p.Scenario.Connections() {
		w.waited[[2]string{c.From, c.To}] = w.waited[[2]string{c.From, c.To}] || !c.Async
	}
	for _, i := range p.Instances {
		out.Nodes = counted(out.Nodes, i.Node.Name, w.hit[i.Name])
	}
	for _, e := range p.Edges {
		out.Edges = counted(out.Edges, e.FromNode+" -> "+e.ToNode, w.hit[e.Name])
	}
	none := func(part Part) bool { return part.Hit == 0 }
	out.Nodes, out.Edges = slices.DeleteFunc(out.Nodes, none), slices.DeleteFunc(out.Edges, none)
	for _, l := range p.Scenario.Loads {
		for _, q := range requestsOf(l) {
			method, path, _ := strings.Cut(q, " ")
			out.Requests = append(out.Requests, Reached{l.Name, q, w.over(l.Name, call{l.To, w.portOf(l.To, l.ToPort), method, path, 1})})
		}
	}
	return out
}

// counted adds one to a part, which it makes where it is not there.
func counted(parts []Part, name string, hit bool) []Part {
	i := slices.IndexFunc(parts, func(p Part) bool { return p.Name == name })
	if i < 0 {
		i, parts = len(parts), append(parts, Part{Name: name})
	}
	parts[i].Of++
	if hit {
		parts[i].Hit++
	}
	return parts
}

// requestsOf are the kinds of requests that a load sends, each once.
func requestsOf(l *scenarios.Load) (out []string) {
	for _, q := range l.Requests {
		if !slices.Contains(out, q.Send) {
			out = append(out, q.Send)
		}
	}
	return out
}

// ways are the ways that requests go in a plan.
type ways struct {
	plan *topology.Plan
	// hit are the edges and instances that the fault is on.
	hit    map[string]bool
	outOf  map[string][]topology.Edge
	waited map[[2]string]bool // pairs of nodes of which the first waits for the second's answer
	known  map[string]float64 // by instance, method and path; while it is worked out 0
	// answers are the endpoints of nodes that have been asked.
	answers map[string]*http.ServeMux
}

// over is the chance that a call meets the fault, by an instance or a load whose calls are spread evenly.
func (w *ways) over(caller string, c call) float64 {
	met, of := 0., 0
	for _, e := range w.outOf[caller] {
		if e.ToNode != c.node || e.Port != c.port {
			continue
		}
		of++
		if w.hit[e.Name] || w.hit[e.To] {
			met++
		} else {
			met += w.behind(e.To, c.method, c.path)
		}
	}
	if of == 0 {
		return 0
	}
	return met / float64(of)
}

// behind is the chance that what an instance does to answer a request meets the fault.
func (w *ways) behind(instance, method, path string) float64 {
	key := instance + " " + method + " " + path
	if share, known := w.known[key]; known {
		return share
	}
	w.known[key] = 0
	i, _ := w.plan.Instance(instance)
	missed := 1.
	for _, one := range w.calls(i.Node, method, path) {
		met := 0.
		for _, c := range one {
			met += c.share * w.over(instance, c)
		}
		missed *= 1 - met
	}
	w.known[key] = 1 - missed
	return w.known[key]
}

// call is what a node asks another for, with the share of requests of which it does. Port is 0 for the other's first.
type call struct {
	node         string
	port         int
	method, path string
	share        float64
}

// calls are what a node asks others for to answer a request, and waits for: those of the endpoint that answers it, or where that can't be told all
// that it may. Of several that are together a request makes one.
func (w *ways) calls(n *scenarios.Node, method, path string) (out [][]call) {
	path, _, _ = strings.Cut(path, "?")
	if e := w.endpoint(n, method, path); e != nil {
		return each(w.stepped(n, e.Steps, nil))
	}
	for _, r := range n.Routes {
		if !wire.ParseRoute(r.Match).Takes(method, path) {
			continue
		}
		to := []call{{r.To, w.portOf(r.To, r.ToPort), method, path, 1}}
		if r.Split != nil {
			to[0].share = 1 - r.Split.Share
			to = append(to, call{r.Split.To, 0, method, path, r.Split.Share})
		}
		if ask := n.Identity; ask != nil { // about each token
			out = each([]call{{ask.Node, w.portOf(ask.Node, ask.Port), ask.Method, ask.Path, 1}})
		}
		return append(out, to)
	}
	var may []call
	for _, c := range w.plan.Scenario.Connections() {
		to := w.plan.Scenario.Node(c.To)
		if c.From != n.Name || c.FromLoad() || c.Async || to == nil {
			continue
		}
		for _, port := range to.PortsOver(c) {
			if one := (call{c.To, port, method, path, 1}); !slices.Contains(may, one) {
				may = append(may, one)
			}
		}
	}
	return each(may)
}

// each are calls of which a request makes all.
func each(calls []call) (out [][]call) {
	for _, c := range calls {
		out = append(out, []call{c})
	}
	return out
}

// stepped adds the calls of steps whose answers the node waits for.
func (w *ways) stepped(n *scenarios.Node, steps []scenarios.Step, out []call) []call {
	for i := range steps {
		for _, use := range steps[i].Uses() {
			one := call{node: use.Node, share: 1}
			if use.Call != nil {
				one.port, one.method, one.path = w.portOf(use.Node, use.Call.Port), use.Call.Method, use.Call.Path
			}
			if w.waited[[2]string{n.Name, use.Node}] && !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
		out = w.stepped(n, steps[i].Parallel, out)
	}
	return out
}

// portOf is a port of a node as its edges have it, by its name or number: 0 for the first.
func (w *ways) portOf(node, named string) int {
	if n := w.plan.Scenario.Node(node); n != nil {
		if ports := n.PortsOver(scenarios.Connection{Port: named}); len(ports) > 0 {
			return ports[0]
		}
	}
	return 0
}

// endpoint is the one that a service answers a request with, as it looks for it; nil: it has none, or the request's parameters do not let it be told.
func (w *ways) endpoint(n *scenarios.Node, method, path string) *scenarios.Endpoint {
	mux := w.answers[n.Name]
	if mux == nil {
		mux = http.NewServeMux()
		for _, e := range n.Endpoints {
			mux.Handle(e.Match, http.NotFoundHandler())
		}
		w.answers[n.Name] = mux
	}
	_, match := mux.Handler(&http.Request{Method: method, URL: &url.URL{Path: path}})
	if i := slices.IndexFunc(n.Endpoints, func(e *scenarios.Endpoint) bool { return e.Match == match }); i >= 0 {
		return n.Endpoints[i]
	}
	return nil
}
