package page

import (
	"slices"

	"github.com/squallhq/squall/runner/record"
)

// pair is all edges from one node to another, replicas taken together.
type pair struct {
	from, to string
	edges    []string // by name
	sum      record.Edge
	worst    float64         // amplification
	took     *record.Latency // to an answer's first byte; nil: none, or not measured
}

// pairsOf folds the edges of instances into those of nodes, in the order in which they come.
func pairsOf(edges []record.Edge) []pair {
	var all []pair
	index := map[[2]string]int{}
	for _, e := range edges {
		key := [2]string{e.From, e.To}
		i, known := index[key]
		if !known {
			i = len(all)
			index[key] = i
			all = append(all, pair{from: e.From, to: e.To})
		}
		p := &all[i]
		p.edges = append(p.edges, e.Name)
		p.worst = max(p.worst, e.Amplification)
		p.took = e.PairAnswerMs
		s := &p.sum
		// The mean time to first byte is of requests: each edge counts as much as it carried.
		if n := s.Requests + e.Requests; n > 0 {
			s.FirstByteMs = (s.FirstByteMs*float64(s.Requests) + e.FirstByteMs*float64(e.Requests)) / float64(n)
		}
		s.Attempts += e.Attempts
		s.Retries += e.Retries
		s.Failures += e.Failures
		s.GaveUp += e.GaveUp
		s.OK += e.OK
		s.InFlight += e.InFlight
		s.Connections += e.Connections
		s.Open += e.Open
		s.Requests += e.Requests
		s.BytesUp += e.BytesUp
		s.BytesDown += e.BytesDown
	}
	return all
}

// crossed is how much went over a pair: attempts where its caller counts, requests where it does not.
func (p pair) crossed() int64 { return crossed(p.sum) }

func crossed(e record.Edge) int64 { return max(e.Attempts, e.Requests) }

// ended is how much of that ended, in the phase that it is of: what failed in it may have begun in the one before.
func ended(e record.Edge) int64 { return crossed(e) - e.InFlight }

// lost is the share of attempts that failed, left that of attempts that their caller gave up, bad that of both.
func (p pair) lost() float64 { return portion(p.sum.Failures, ended(p.sum)) }
func (p pair) left() float64 { return portion(p.sum.GaveUp, ended(p.sum)) }
func (p pair) bad() float64  { return portion(p.sum.Failures+p.sum.GaveUp, ended(p.sum)) }

func portion(n, of int64) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// vertex is a node of the graph, or a place that a long edge passes a layer at.
type vertex struct {
	name   string // "" where an edge passes
	layer  int
	x, y   float64 // its middle
	member *member // nil for a load
}

// arc is a pair with the vertices that it goes through, its ends among them. Backward is one that closes a circle.
type arc struct {
	from, to string
	through  []int
	backward bool
}

// graph is the topology in layers, from clients to data.
type graph struct {
	vertices []vertex
	layers   [][]int
	arcs     []arc
	width    float64
	height   float64
}

// newGraph lays a run's topology out.
func newGraph(r *record.Result) *graph {
	pairs := pairsOf(r.Edges)
	all := members(r)
	g := &graph{}
	index := map[string]int{}
	add := func(name string, m *member) {
		if _, known := index[name]; !known {
			index[name] = len(g.vertices)
			g.vertices = append(g.vertices, vertex{name: name, member: m})
		}
	}
	nodes := map[string]bool{}
	for _, m := range all {
		nodes[m.name] = true
	}
	for _, p := range pairs { // loads first: they are where all comes from
		if !nodes[p.from] {
			add(p.from, nil)
		}
	}
	for i := range all {
		add(all[i].name, &all[i])
	}
	for _, p := range pairs {
		if _, known := index[p.to]; !known {
			add(p.to, nil)
		}
		if p.from != p.to {
			g.arcs = append(g.arcs, arc{from: p.from, to: p.to})
		}
	}
	g.layer(index)
	g.pass(index)
	g.order()
	g.settle()
	return g
}

// layer gives each node the length of the longest way to it. Arcs that would close a circle go backward and count for none.
func (g *graph) layer(index map[string]int) {
	out := make([][]int, len(g.vertices)) // arcs by where they begin
	for i, a := range g.arcs {
		out[index[a.from]] = append(out[index[a.from]], i)
	}
	state := make([]int, len(g.vertices)) // 0 new, 1 on the way, 2 done
	var done []int
	var visit func(int)
	visit = func(v int) {
		state[v] = 1
		for _, a := range out[v] {
			switch to := index[g.arcs[a].to]; state[to] {
			case 0:
				visit(to)
			case 1:
				g.arcs[a].backward = true
			}
		}
		state[v] = 2
		done = append(done, v)
	}
	for v := range g.vertices {
		if state[v] == 0 {
			visit(v)
		}
	}
	slices.Reverse(done)
	for _, v := range done {
		for _, a := range out[v] {
			if to := index[g.arcs[a].to]; !g.arcs[a].backward {
				g.vertices[to].layer = max(g.vertices[to].layer, g.vertices[v].layer+1)
			}
		}
	}
}

// pass gives an arc over several layers a place in each that it passes, so that it goes around what stands there.
func (g *graph) pass(index map[string]int) {
	for i := range g.arcs {
		a := &g.arcs[i]
		from, to := index[a.from], index[a.to]
		a.through = []int{from}
		if !a.backward {
			for l := g.vertices[from].layer + 1; l < g.vertices[to].layer; l++ {
				a.through = append(a.through, len(g.vertices))
				g.vertices = append(g.vertices, vertex{layer: l})
			}
		}
		a.through = append(a.through, to)
	}
	for v, at := range g.vertices {
		for len(g.layers) <= at.layer {
			g.layers = append(g.layers, nil)
		}
		g.layers[at.layer] = append(g.layers[at.layer], v)
	}
}
