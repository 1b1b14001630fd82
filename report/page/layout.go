package page

import (
	"cmp"
	"slices"
)

// The graph's measures, px.
const (
	boxWidth, boxHeight = 152.0, 46.0
	layerGap, rowGap    = 96.0, 26.0
	passHeight          = 14.0 // what an edge that passes a layer keeps free
	graphMargin         = 20.0
)

// sweeps over the layers, down and up: more change nothing in topologies that people draw.
const sweeps = 8

// neighbours of each vertex in the layers before and after it.
func (g *graph) neighbours() (before, after [][]int) {
	before, after = make([][]int, len(g.vertices)), make([][]int, len(g.vertices))
	for _, a := range g.arcs {
		if a.backward {
			continue
		}
		for i := 1; i < len(a.through); i++ {
			from, to := a.through[i-1], a.through[i]
			after[from] = append(after[from], to)
			before[to] = append(before[to], from)
		}
	}
	return before, after
}

// order puts each layer in the order of the middle of its neighbours, so that few edges cross.
func (g *graph) order() {
	before, after := g.neighbours()
	rank := make([]float64, len(g.vertices))
	for _, l := range g.layers {
		for i, v := range l {
			rank[v] = float64(i)
		}
	}
	arrange := func(l []int, neighbours [][]int) {
		middle := map[int]float64{}
		for _, v := range l {
			middle[v] = rank[v]
			if ns := neighbours[v]; len(ns) > 0 {
				sum := 0.0
				for _, n := range ns {
					sum += rank[n]
				}
				middle[v] = sum / float64(len(ns))
			}
		}
		slices.SortStableFunc(l, func(a, b int) int { return cmp.Compare(middle[a], middle[b]) })
		for i, v := range l {
			rank[v] = float64(i)
		}
	}
	for range sweeps {
		for i := 1; i < len(g.layers); i++ {
			arrange(g.layers[i], before)
		}
		for i := len(g.layers) - 2; i >= 0; i-- {
			arrange(g.layers[i], after)
		}
	}
}

// settle gives every vertex its place: in its layer's column, as near to the middle of its neighbours as those above and
// below it let it.
func (g *graph) settle() {
	before, after := g.neighbours()
	room := func(v int) float64 {
		if g.vertices[v].name == "" {
			return passHeight
		}
		return boxHeight
	}
	for i, l := range g.layers {
		y := 0.0
		for _, v := range l {
			g.vertices[v].x = float64(i)*(boxWidth+layerGap) + boxWidth/2
			g.vertices[v].y = y + room(v)/2
			y += room(v) + rowGap
		}
	}
	for sweep := range 2 * sweeps {
		for i := range g.layers {
			l := g.layers[i]
			if sweep%2 == 1 {
				l = g.layers[len(g.layers)-1-i]
			}
			g.pull(l, before, after, room)
		}
	}
	g.frame()
}

// pull moves the vertices of one layer towards their neighbours; two that want one place share the way.
func (g *graph) pull(l []int, before, after [][]int, room func(int) float64) {
	want := make([]float64, len(l))
	for i, v := range l {
		ns := slices.Concat(before[v], after[v])
		want[i] = g.vertices[v].y
		if len(ns) == 0 {
			continue
		}
		want[i] = 0
		for _, n := range ns {
			want[i] += g.vertices[n].y / float64(len(ns))
		}
	}
	apart := func(i int) float64 { return (room(l[i-1])+room(l[i]))/2 + rowGap }
	down, up := slices.Clone(want), slices.Clone(want)
	for i := 1; i < len(l); i++ {
		down[i] = max(down[i], down[i-1]+apart(i))
	}
	for i := len(l) - 2; i >= 0; i-- {
		up[i] = min(up[i], up[i+1]-apart(i+1))
	}
	for i, v := range l { // the middle of both keeps the distances, as both do
		g.vertices[v].y = (down[i] + up[i]) / 2
	}
}

// frame moves all into view and measures it.
func (g *graph) frame() {
	least, most := 0.0, 0.0
	for i, v := range g.vertices {
		if i == 0 {
			least, most = v.y, v.y
		}
		least, most = min(least, v.y), max(most, v.y)
	}
	for i := range g.vertices {
		g.vertices[i].y += graphMargin + boxHeight/2 - least
		g.vertices[i].x += graphMargin
	}
	g.height = most - least + boxHeight + 2*graphMargin
	g.width = float64(len(g.layers))*(boxWidth+layerGap) - layerGap + 2*graphMargin
	for _, a := range g.arcs {
		if a.backward { // it goes around below all
			g.height += rowGap
			break
		}
	}
}
