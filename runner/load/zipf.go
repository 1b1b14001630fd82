package load

import "math"

// zipf draws 1..n with probability in proportion to 1/k^s, for any s > 0 (math/rand's needs
// s > 1). It is rejection-inversion (W. Hörmann, G. Derflinger, 1996): constant time and memory
// whatever n, with 1.1 tries or so per value.
type zipf struct {
	n, s                 float64
	hX1, hN, squeezeFrom float64
}

func newZipf(s float64, n int) zipf {
	z := zipf{n: float64(n), s: s}
	z.hX1 = z.integral(1.5) - 1
	z.hN = z.integral(z.n + 0.5)
	z.squeezeFrom = 2 - z.inverse(z.integral(2.5)-z.density(2))
	return z
}

func (z zipf) draw(c *draws) int {
	for {
		u := z.hN + c.float64()*(z.hX1-z.hN)
		x := z.inverse(u)
		k := min(max(math.Floor(x+0.5), 1), z.n)
		if k-x <= z.squeezeFrom || u >= z.integral(k+0.5)-z.density(k) {
			return int(k)
		}
	}
}

// density is x^-s, integral its antiderivative (x^(1-s) - 1) / (1-s), log x at s = 1, and inverse its inverse.
func (z zipf) density(x float64) float64 { return math.Exp(-z.s * math.Log(x)) }

func (z zipf) integral(x float64) float64 {
	log := math.Log(x)
	return expm1Over((1-z.s)*log) * log
}

func (z zipf) inverse(x float64) float64 {
	t := max(x*(1-z.s), -1)
	return math.Exp(log1pOver(t) * x)
}

// log1pOver is log(1+x)/x and expm1Over (e^x-1)/x, right near 0 too.
func log1pOver(x float64) float64 {
	if math.Abs(x) > 1e-8 {
		return math.Log1p(x) / x
	}
	return 1 - x*(0.5-x*(1.0/3-0.25*x))
}

func expm1Over(x float64) float64 {
	if math.Abs(x) > 1e-8 {
		return math.Expm1(x) / x
	}
	return 1 + x*0.5*(1+x/3*(1+0.25*x))
}
