package link

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/chance"
)

// paretoAlpha is the exponent of the long tail (a Lomax distribution): 3, so that its variance is
// finite and means converge within a run. One draw in a thousand is 18 times the mean.
const paretoAlpha = 3

// drawDelay draws one delay; draws below zero are zero.
func drawDelay(r *rand.Rand, a faults.LatencyToxic) time.Duration {
	delay, j := a.Latency.Duration(), float64(a.Jitter.Duration())
	switch {
	case a.CV > 0 && a.Shape == faults.ShapeLognormal:
		return time.Duration(float64(delay) * chance.LognormalByCV(a.CV, r))
	case a.CV > 0:
		return time.Duration(float64(delay) * chance.ByCV(a.CV, r))
	case j <= 0:
		return delay
	}
	switch a.Shape {
	case faults.ShapeNormal:
		j *= r.NormFloat64()
	case faults.ShapePareto:
		j *= (paretoAlpha - 1) * (math.Pow(1-r.Float64(), -1.0/paretoAlpha) - 1)
	default:
		j *= 2*r.Float64() - 1
	}
	return max(0, delay+time.Duration(j))
}
