package chance

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Of a million draws the mean is 1 and the coefficient of variation what was asked for, within four standard errors of
// each; the third moment tells the families apart.
func TestDrawsByCV(t *testing.T) {
	const n = 1_000_000
	for _, cv := range []float64{0, .1, .5, math.Sqrt(.5), .9, 1, 1.2, 2, 4} {
		t.Run(fmt.Sprint(cv), func(t *testing.T) {
			mean, got, _ := moments(n, func(s Source) float64 { return ByCV(cv, s) })
			if math.Abs(mean-1) > 4*cv/math.Sqrt(n) || math.Abs(got-cv) > .01*cv*math.Max(1, cv) {
				t.Errorf("mean %.4f and cv %.4f, want 1 and %.4f", mean, got, cv)
			}
		})
	}
	for _, cv := range []float64{.25, 1, 2} {
		t.Run(fmt.Sprint("lognormal ", cv), func(t *testing.T) {
			mean, got, _ := moments(n, func(s Source) float64 { return LognormalByCV(cv, s) })
			if math.Abs(mean-1) > 4*cv/math.Sqrt(n) || math.Abs(got-cv) > .06*cv*cv {
				t.Errorf("mean %.4f and cv %.4f, want 1 and %.4f", mean, got, cv)
			}
		})
	}
	// E[X^3] of Erlang 4: k(k+1)(k+2)/k^3; of H2 with balanced means at cv 2: 6 (p/(2p)^3 + q/(2q)^3).
	p := (1 + math.Sqrt(3.0/5)) / 2
	for cv, want := range map[float64]float64{.5: 4 * 5 * 6 / 64.0, 2: 6 * (1/(8*p*p) + 1/(8*(1-p)*(1-p)))} {
		if _, _, third := moments(4*n, func(s Source) float64 { return ByCV(cv, s) }); math.Abs(third-want) > .03*want {
			t.Errorf("cv %g: third moment %.3f, want %.3f", cv, third, want)
		}
	}
}

func moments(n int, draw func(Source) float64) (mean, cv, third float64) {
	r := rand.New(rand.NewPCG(7, 11))
	var one, two, three float64
	for range n {
		x := draw(r)
		one, two, three = one+x, two+x*x, three+x*x*x
	}
	one, two, three = one/float64(n), two/float64(n), three/float64(n)
	return one, math.Sqrt(math.Max(two-one*one, 0)) / one, three
}

// The wait in a queue with one server: Lindley's recursion over draws against Pollaczek and Khinchine, rho (1 + cv^2) / (2 (1 - rho)).
func TestDrawsByCVInAQueue(t *testing.T) {
	const n, rho = 8_000_000, .6
	for _, cv := range []float64{0, .5, 1, 2} {
		r := rand.New(rand.NewPCG(3, 5))
		wait, sum := 0.0, 0.0
		for range n {
			wait = math.Max(0, wait+ByCV(cv, r)-r.ExpFloat64()/rho)
			sum += wait
		}
		if got, want := sum/n, rho*(1+cv*cv)/(2*(1-rho)); math.Abs(got-want) > .02*want {
			t.Errorf("cv %g: mean wait %.4f, want %.4f", cv, got, want)
		}
	}
}
