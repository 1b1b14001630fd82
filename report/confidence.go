package report

import (
	"math"

	"github.com/squallhq/squall/scenarios"
)

// defaultConfidence is how sure a verdict on a share has to be where the expectation does not say.
const defaultConfidence = .95

// confidence of an expectation's verdicts.
func confidence(e scenarios.Expectation) float64 {
	if e.Confidence > 0 {
		return e.Confidence
	}
	return defaultConfidence
}

// showing is what a sample shows of a claim.
type showing int

const (
	unclear showing = iota
	shown
	refuted
)

// judgeShare tells what k of n show of a bound on the share that they are drawn from, by the one-sided bounds of Clopper and Pearson:
// the claim is shown where a share that just breaks it would give such a sample with no more than 1 - confidence, and
// refuted where one that just keeps it would. n of n show a share of at least (1 - confidence)^(1/n).
//
// A bound of 0 or 1, and an equation, claim something of the sample itself.
func judgeShare(k, n int64, b scenarios.Bound, confidence float64) showing {
	if b.Value <= 0 || b.Value >= 1 || b.Op == "==" {
		if b.Keeps(float64(k) / float64(n)) {
			return shown
		}
		return refuted
	}
	high, low := atLeast(k, n, b.Value), atMost(k, n, b.Value)
	if b.Op == "<" || b.Op == "<=" {
		high, low = low, high
	}
	switch alpha := 1 - confidence; {
	case high <= alpha*(1+1e-9):
		return shown
	case low <= alpha*(1+1e-9):
		return refuted
	}
	return unclear
}

// atLeast is the chance of k or more of n where each has a chance of p, atMost that of k or fewer.
func atLeast(k, n int64, p float64) float64 {
	if k <= 0 {
		return 1
	}
	return betaShare(float64(k), float64(n-k+1), p)
}

func atMost(k, n int64, p float64) float64 {
	if k >= n {
		return 1
	}
	return betaShare(float64(n-k), float64(k+1), 1-p)
}

// lowest and highest are the shares that k of n are consistent with, one-sided.
func lowest(k, n int64, confidence float64) float64 {
	return bisect(func(p float64) bool { return atLeast(k, n, p) <= 1-confidence })
}

func highest(k, n int64, confidence float64) float64 {
	return bisect(func(p float64) bool { return atMost(k, n, p) > 1-confidence })
}

// bisect is the greatest share for which holds is true; it is true up to there.
func bisect(holds func(float64) bool) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		if middle := (low + high) / 2; holds(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// betaShare is the regularised incomplete beta function I_x(a, b), by its continued fraction (DLMF 8.17.22), evaluated as
// Lentz did. The tails of the binomial distribution are values of it (DLMF 8.17.5).
func betaShare(a, b, x float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2): // where the fraction converges slowly
		return 1 - betaShare(b, a, 1-x)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(a*math.Log(x)+b*math.Log1p(-x)-la-lb+lab) / a
	const tiny = 1e-300
	c, d := 1.0, 0.0
	f := 1.0
	for i := range 100_000 {
		m := float64(i / 2)
		var term float64
		switch {
		case i == 0:
			term = 1
		case i%2 == 0:
			term = m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		default:
			term = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		}
		d = 1 + term*d
		if math.Abs(d) < tiny {
			d = tiny
		}
		c = 1 + term/c
		if math.Abs(c) < tiny {
			c = tiny
		}
		d = 1 / d
		f *= c * d
		if i > 0 && math.Abs(c*d-1) < 1e-14 {
			break
		}
	}
	return front * (f - 1)
}
