package report

import (
	"math"
	"testing"

	"github.com/squallhq/squall/scenarios"
)

// choose is the logarithm of a binomial coefficient.
func choose(n, k int64) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// The tails are the sums of the distribution's terms.
func TestBinomialTails(t *testing.T) {
	for _, n := range []int64{1, 2, 7, 60, 999, 20_000} {
		for _, p := range []float64{.001, .01, .3, .5, .9, .999} {
			var below float64
			mean := int64(float64(n) * p)
			for k := range n + 1 {
				if k > mean+400 {
					break
				}
				term := math.Exp(choose(n, k) + float64(k)*math.Log(p) + float64(n-k)*math.Log1p(-p))
				if k > mean-400 {
					if got, want := atLeast(k, n, p), 1-below; math.Abs(got-want) > 1e-8 {
						t.Fatalf("%d or more of %d at %g: %g, want %g", k, n, p, got, want)
					}
					if got, want := atMost(k, n, p), below+term; math.Abs(got-want) > 1e-8 {
						t.Fatalf("%d or fewer of %d at %g: %g, want %g", k, n, p, got, want)
					}
				}
				below += term
			}
		}
	}
}

// What a sample shows of a share, exactly where it changes.
func TestConfidenceOfShares(t *testing.T) {
	for _, tt := range []struct {
		k, n       int64
		op         string
		bound      float64
		confidence float64
		want       showing
	}{
		{2994, 2994, ">=", .999, .95, unclear}, // (1/20)^(1/2994) = 0.99899992
		{2995, 2995, ">=", .999, .95, shown},
		{300, 300, ">=", .999, .95, unclear},
		{300, 300, ">=", .99, .95, shown},
		{298, 298, ">=", .99, .95, unclear},
		{2301, 2301, ">=", .999, .90, unclear},
		{2302, 2302, ">=", .999, .90, shown},
		{998, 1000, ">=", .999, .95, unclear},
		{995, 1000, ">=", .999, .95, refuted}, // 5 or more of 1000 at 0.1 %: 0.4 %
		{996, 1000, ">=", .999, .95, refuted},
		{997, 1000, ">=", .999, .95, unclear}, // 3 or more: 8 %
		{0, 2994, "<=", .001, .95, unclear},
		{0, 2995, "<", .001, .95, shown},
		{5, 1000, "<", .001, .95, refuted},
		{300, 300, ">=", 1, .95, shown}, // of these requests
		{299, 300, ">=", 1, .95, refuted},
		{1, 300, ">", 0, .95, shown},
		{0, 300, ">", 0, .95, refuted},
		{150, 300, "==", .5, .95, shown},
		{1_000_000, 1_000_000, ">=", .9999, .95, shown},
	} {
		if got := judgeShare(tt.k, tt.n, scenarios.Bound{Op: tt.op, Value: tt.bound}, tt.confidence); got != tt.want {
			t.Errorf("%d of %d %s %g at %g: %d, want %d", tt.k, tt.n, tt.op, tt.bound, tt.confidence, got, tt.want)
		}
	}
	if got, want := lowest(300, 300, .95), math.Pow(.05, 1./300); math.Abs(got-want) > 1e-12 {
		t.Errorf("300 of 300 are at least %g, want %g", got, want)
	}
	if got, want := highest(0, 300, .95), 1-math.Pow(.05, 1./300); math.Abs(got-want) > 1e-12 {
		t.Errorf("0 of 300 are at most %g, want %g", got, want)
	}
}
