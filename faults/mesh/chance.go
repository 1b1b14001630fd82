package mesh

import (
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"github.com/squallhq/squall/faults"
)

// mix is SplitMix64's finisher: it turns numbers that are near each other into ones that have nothing in common.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform is a draw in [0,1) that its key determines.
func uniform(key uint64) float64 { return float64(mix(key)>>11) / (1 << 53) }

// keyOf derives the key of a named thing from the seed.
func keyOf(seed uint64, names ...string) uint64 {
	h := fnv.New64a()
	for _, n := range names {
		_, _ = io.WriteString(h, n) // a hash never fails
		_, _ = h.Write([]byte{0})
	}
	return mix(seed) ^ h.Sum64()
}

// paretoAlpha is the exponent of the long tail (a Lomax distribution): 3, so that its variance is
// finite and means converge within a run. One draw in a thousand is 18 times the mean.
const paretoAlpha = 3

// drawDelay draws one delay; draws below zero are zero.
func drawDelay(r *rand.Rand, delay, jitter time.Duration, shape string) time.Duration {
	if jitter <= 0 {
		return delay
	}
	j := float64(jitter)
	switch shape {
	case faults.ShapeNormal:
		j *= r.NormFloat64()
	case faults.ShapePareto:
		j *= (paretoAlpha - 1) * (math.Pow(1-r.Float64(), -1.0/paretoAlpha) - 1)
	default:
		j *= 2*r.Float64() - 1
	}
	return max(0, delay+time.Duration(j))
}
