package host

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

func instanceOf(name, replica string, seed uint64) *Instance {
	return NewInstance(Config{Seed: seed, Instance: replica, Node: scenarios.Node{Name: name}}, Environment{})
}

// The same request draws the same on every replica; another seed, node, request, step or attempt draws something else.
func TestChanceComesFromTheCause(t *testing.T) {
	i := instanceOf("orders", "orders-1", 1)
	base := Trace{Request: "r-1"}.Step("GET /").Step("0")
	value := func(i *Instance, c Trace) uint64 { return i.Chance(c, "work").Uint64() }
	want := value(i, base)
	for name, got := range map[string]uint64{
		"again":             value(i, base),
		"another replica":   value(instanceOf("orders", "orders-2", 1), base),
		"the first attempt": value(i, base.Attempt(1)),
	} {
		if got != want {
			t.Errorf("%s drew something else", name)
		}
	}
	seen := map[uint64]string{want: "base"}
	for name, got := range map[string]uint64{
		"another seed":    value(instanceOf("orders", "orders-1", 2), base),
		"another node":    value(instanceOf("stock", "stock-1", 1), base),
		"another request": value(i, Trace{Request: "r-2"}.Step("GET /").Step("0")),
		"another step":    value(i, Trace{Request: "r-1"}.Step("GET /").Step("1")),
		"second attempt":  value(i, base.Attempt(2)),
		"third attempt":   value(i, base.Attempt(3)),
		"another purpose": i.Chance(base, "errors").Uint64(),
	} {
		if other := seen[got]; other != "" {
			t.Errorf("%s drew the same as %s", name, other)
		}
		seen[got] = name
	}
}

// A retry keeps its place, so that it names the same writes, over any number of hops.
func TestCauseCrossesTheWire(t *testing.T) {
	i := instanceOf("orders", "orders-1", 1)
	c := Trace{Request: "r-1"}.Step("GET /").Step("0")
	for n := 1; n <= 3; n++ {
		h := http.Header{}
		c.Attempt(n).Put(h, n)
		got := i.TraceOf(h)
		if got != c.Attempt(n) {
			t.Errorf("attempt %d: sent %+v, got %+v", n, c.Attempt(n), got)
		}
		if got.Position != c.Position || got.Retried != (n > 1) {
			t.Errorf("attempt %d: got %+v", n, got)
		}
		if h.Get(wire.HeaderAttempt) != fmt.Sprint(n) {
			t.Errorf("attempt %d says it is %q", n, h.Get(wire.HeaderAttempt))
		}
	}
	if a, b := i.TraceOf(http.Header{}), i.TraceOf(http.Header{}); a.Request == b.Request || a.Request == "" {
		t.Errorf("requests without an id: %q and %q", a.Request, b.Request)
	}
}

// 100,000 draws of each shape, as requests draw them: the mean, the standard deviation and the median are the shape's.
func TestWorkShapes(t *testing.T) {
	const n, mean = 100000, 10 * time.Millisecond
	for _, r := range []struct {
		shape             string
		deviation, median float64 // in means
	}{
		{"", 0, 1},
		{"constant", 0, 1},
		{"exponential", 1, math.Ln2},
		{"uniform", 1 / math.Sqrt(3), 1},
		{"lognormal", math.Sqrt(math.E - 1), math.Exp(-0.5)},
	} {
		t.Run(r.shape, func(t *testing.T) {
			i := instanceOf("s", "s-1", 1)
			var draws []float64
			var sum, squares float64
			for k := range n {
				c := Trace{Request: fmt.Sprint("r-", k)}.Step("0")
				x := float64(Draw(&scenarios.Work{Mean: mean, Shape: r.shape}, i.Chance(c, "work"))) / float64(mean)
				if x < 0 || r.shape == "uniform" && x > 2 {
					t.Fatalf("drew %g", x)
				}
				draws = append(draws, x)
				sum += x
				squares += x * x
			}
			m := sum / n
			if math.Abs(m-1) > 4*r.deviation/math.Sqrt(n)+1e-6 {
				t.Errorf("mean %.5f, want 1", m)
			}
			// The lognormal's own fourth moment makes its deviation uncertain by some percent.
			if d := math.Sqrt(max(squares/n-m*m, 0)); math.Abs(d-r.deviation) > 0.05*r.deviation+1e-6 {
				t.Errorf("standard deviation %.4f, want %.4f", d, r.deviation)
			}
			slices.Sort(draws)
			if q := draws[n/2]; math.Abs(q-r.median) > 0.01 {
				t.Errorf("median %.4f, want %.4f", q, r.median)
			}
		})
	}
}

// Near causes must not draw near values: the lag-1 correlation of consecutive requests is within noise.
func TestConsecutiveRequestsAreIndependent(t *testing.T) {
	i := instanceOf("s", "s-1", 1)
	const n = 50000
	var xs []float64
	for k := range n {
		xs = append(xs, i.Chance(Trace{Request: fmt.Sprint("shoppers-", k)}, "work").Float64()-0.5)
	}
	var product, square float64
	for k := 1; k < n; k++ {
		product += xs[k] * xs[k-1]
		square += xs[k] * xs[k]
	}
	if r := product / square; math.Abs(r) > 4/math.Sqrt(n) {
		t.Errorf("lag-1 correlation %.4f", r)
	}
}
