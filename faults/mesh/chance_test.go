package mesh

import (
	"math"
	"net"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
)

// draws measures n round trips' delays under a latency with jitter.
func draws(t *testing.T, latency faults.LatencyToxic, toxicity float64, n int) []float64 {
	t.Helper()
	var out []float64
	bubble(t, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		p := toxicOn(faults.Downstream, latency)
		p.Toxic.Per, p.Toxic.Toxicity = faults.PerRequest, toxicity
		applyTo(t, m, "f", p)
		for range n {
			out = append(out, float64(crossing(t, caller, callee, "?")+crossing(t, callee, caller, "!"))/float64(ms))
		}
		if r := liftFrom(t, m, "f"); toxicity == 1 && (r.Requests != int64(n) || math.Abs(r.DelayMs-average(out)) > 1e-3) {
			t.Errorf("receipt %+v, want %d requests delayed by %g ms", r, n, average(out))
		}
	})
	return out
}

func average(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func TestJitterHasItsShape(t *testing.T) {
	const n = 4000
	cases := []struct {
		shape          string
		low, high      float64 // bounds of every draw
		mean, meanWide float64
		deviation      float64
	}{
		{"uniform", 80, 120, 100, 1.5, 20 / math.Sqrt(3)},
		{"normal", 0, 1000, 100, 1.5, 20},
		{"pareto", 100, 1e6, 120, 3, 0}, // mean = latency + jitter
	}
	for _, c := range cases {
		t.Run(c.shape, func(t *testing.T) {
			got := draws(t, faults.LatencyToxic{Latency: 100, Jitter: 20, Shape: c.shape}, 1, n)
			if low, high := slices.Min(got), slices.Max(got); low < c.low || high > c.high {
				t.Errorf("draws from %g to %g, want %g to %g", low, high, c.low, c.high)
			}
			mean := average(got)
			if math.Abs(mean-c.mean) > c.meanWide {
				t.Errorf("mean %g, want %g", mean, c.mean)
			}
			squares := 0.0
			for _, x := range got {
				squares += (x - mean) * (x - mean)
			}
			if d := math.Sqrt(squares / n); c.deviation > 0 && math.Abs(d-c.deviation) > 1 {
				t.Errorf("standard deviation %g, want %g", d, c.deviation)
			}
			if diff := cmp.Diff(got, draws(t, faults.LatencyToxic{Latency: 100, Jitter: 20, Shape: c.shape}, 1, n)); diff != "" {
				t.Errorf("the same seed drew otherwise:\n%s", diff)
			}
		})
	}
}

func TestToxicityPerRequestHitsItsShareOfOneConnection(t *testing.T) {
	got := draws(t, faults.LatencyToxic{Latency: 100}, 0.3, 2000)
	hit := 0
	for _, d := range got {
		switch d {
		case 100:
			hit++
		case 0:
		default:
			t.Fatalf("a request took %g ms", d)
		}
	}
	if hit < 540 || hit > 660 { // 600 ± 3 standard deviations
		t.Errorf("%d of 2000 were hit, want 600 or so", hit)
	}
}
