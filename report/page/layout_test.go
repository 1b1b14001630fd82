package page

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
)

// drawn lays out a topology given as lines "a b c": a calls b and c.
func drawn(lines ...string) *graph {
	r := &record.Result{}
	seen := map[string]bool{}
	for _, line := range lines {
		names := strings.Fields(line)
		for _, name := range names {
			if !seen[name] && name != "users" {
				seen[name] = true
				r.Nodes = append(r.Nodes, record.Node{Name: name, Instance: name + "-1"})
			}
		}
		for _, to := range names[1:] {
			r.Edges = append(r.Edges, record.Edge{Name: names[0] + "-1:" + to + "-1", From: names[0], To: to})
		}
	}
	return newGraph(r)
}

func (g *graph) layerOf(name string) int {
	for _, v := range g.vertices {
		if v.name == name {
			return v.layer
		}
	}
	return -1
}

func TestLayersGoFromClientsToData(t *testing.T) {
	g := drawn("users edge", "edge api", "api orders catalog", "orders catalog db", "catalog db")
	for name, want := range map[string]int{"users": 0, "edge": 1, "api": 2, "orders": 3, "catalog": 4, "db": 5} {
		if got := g.layerOf(name); got != want {
			t.Errorf("%s is in layer %d, want %d: the longest way to it", name, got, want)
		}
	}
	for _, a := range g.arcs {
		if want := g.layerOf(a.to) - g.layerOf(a.from) + 1; len(a.through) != want {
			t.Errorf("%s -> %s goes through %d places, want one in each layer: %d", a.from, a.to, len(a.through), want)
		}
	}
}

// Two that call one another are drawn, the second arc backward, as are nodes that nobody calls.
func TestACircleIsDrawn(t *testing.T) {
	g := drawn("users a", "a b", "b c", "c a", "lonely")
	back := 0
	for _, a := range g.arcs {
		if a.backward {
			back++
			if a.from != "c" || a.to != "a" {
				t.Errorf("%s -> %s goes backward, want c -> a", a.from, a.to)
			}
		}
	}
	if back != 1 || g.layerOf("c") != 3 || g.layerOf("lonely") != 0 {
		t.Errorf("%d arcs backward, c in layer %d, lonely in %d", back, g.layerOf("c"), g.layerOf("lonely"))
	}
}

func TestNothingLiesOnAnother(t *testing.T) {
	var lines []string
	for i := range 6 {
		lines = append(lines, fmt.Sprintf("users s%d", i), fmt.Sprintf("s%d t%d t%d db", i, i%3, (i+1)%4))
	}
	g := drawn(append(lines, "t0 db", "t1 db", "t2 cache", "t3 cache db")...)
	for i, a := range g.vertices {
		if a.x < boxWidth/2 || a.x > g.width-boxWidth/2 || a.y < boxHeight/2 || a.y > g.height-boxHeight/2 {
			t.Errorf("%q at %.0f, %.0f is out of the drawing of %.0f x %.0f", a.name, a.x, a.y, g.width, g.height)
		}
		for _, b := range g.vertices[i+1:] {
			if a.layer == b.layer && math.Abs(a.y-b.y) < passHeight+rowGap-0.01 {
				t.Errorf("%q and %q are %.1f apart", a.name, b.name, math.Abs(a.y-b.y))
			}
			if a.name != "" && b.name != "" && a.layer == b.layer && math.Abs(a.y-b.y) < boxHeight+rowGap-0.01 {
				t.Errorf("%s lies on %s", a.name, b.name)
			}
		}
	}
}

// Where an order without crossings exists and the given one has some, they go.
func TestOrderTakesCrossingsAway(t *testing.T) {
	g := drawn("users a b c", "a z", "b y", "c x", "x dx", "y dy", "z dz")
	at := map[string]float64{}
	for _, v := range g.vertices {
		at[v.name] = v.y
	}
	for _, two := range [][4]string{{"a", "b", "z", "y"}, {"b", "c", "y", "x"}, {"a", "c", "z", "x"}} {
		if (at[two[0]] < at[two[1]]) != (at[two[2]] < at[two[3]]) {
			t.Errorf("%s -> %s crosses %s -> %s", two[0], two[2], two[1], two[3])
		}
	}
}
