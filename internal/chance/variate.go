package chance

import "math"

// Source is a generator's draws: uniform in [0, 1), and standard exponential and normal ones.
type Source interface {
	Float64() float64
	ExpFloat64() float64
	NormFloat64() float64
}

// ByCV draws from a distribution of mean 1 with a coefficient of variation cv, the usual choices of queueing theory (Tijms, A
// First Course in Stochastic Models, 2003, appendix B; Whitt, Approximating a Point Process by a Renewal Process,
// Operations Research 30, 1982):
//
//	cv = 0      1
//	0 < cv < 1  gamma of shape k = 1/cv^2 and mean 1, which is Erlang's for whole k
//	cv = 1      exponential
//	cv > 1      hyperexponential of two phases with balanced means: rate 2p with chance p, else rate 2(1-p), where
//	            p = (1 + sqrt((cv^2 - 1) / (cv^2 + 1))) / 2
func ByCV(cv float64, s Source) float64 {
	switch {
	case cv <= 0:
		return 1
	case cv < 1:
		k := 1 / (cv * cv)
		return gammaOf(k, s) / k
	case cv == 1:
		return s.ExpFloat64()
	}
	c2 := cv * cv
	p := (1 + math.Sqrt((c2-1)/(c2+1))) / 2
	rate := 2 * (1 - p)
	if s.Float64() < p {
		rate = 2 * p
	}
	return s.ExpFloat64() / rate
}

// LognormalByCV draws from the lognormal distribution of mean 1 and a coefficient of variation cv: sigma^2 = ln(1 + cv^2),
// mu = -sigma^2 / 2.
func LognormalByCV(cv float64, s Source) float64 {
	variance := math.Log1p(cv * cv)
	return math.Exp(math.Sqrt(variance)*s.NormFloat64() - variance/2)
}

// gammaOf draws from the gamma distribution of shape k >= 1 and scale 1 (Marsaglia and Tsang, A Simple Method for
// Generating Gamma Variables, ACM TOMS 26, 2000).
func gammaOf(k float64, s Source) float64 {
	d := k - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-s.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
