package load

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// chance is a seeded source of draws. It is a value, so that one can be made per request at no cost.
type chance struct{ pcg rand.PCG }

// newChance derives a source from the run's seed, the load, what it is for, and a number: its
// draws depend on nothing else, whatever is going on at the same time.
func newChance(seed uint64, load, purpose string, n uint64) chance {
	return numberedChance(seed, nameHash(load, purpose), n)
}

func nameHash(load, purpose string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(load + "\x00" + purpose))
	return h.Sum64()
}

func numberedChance(seed, name, n uint64) chance {
	var c chance
	c.pcg.Seed(mix64(seed^name), mix64(name+n*0x9e3779b97f4a7c15))
	return c
}

// mix64 is the finalizer of splitmix64: neighbouring inputs give unrelated outputs.
func mix64(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// float64 is uniform in [0, 1).
func (c *chance) float64() float64 { return float64(c.pcg.Uint64()>>11) / (1 << 53) }

// exponential has the mean 1.
func (c *chance) exponential() float64 { return -math.Log1p(-c.float64()) }

// normal is a standard normal draw (Box-Muller).
func (c *chance) normal() float64 {
	return math.Sqrt(2*c.exponential()) * math.Cos(2*math.Pi*c.float64())
}

// drawWork draws a think time; nil is none.
func drawWork(c *chance, w *scenarios.Work) time.Duration {
	if w == nil {
		return 0
	}
	mean := float64(w.Mean)
	switch w.Shape {
	case "exponential":
		return time.Duration(mean * c.exponential())
	case "uniform":
		return time.Duration(mean * 2 * c.float64())
	case "lognormal": // sigma 1; the mean of exp(N(mu, 1)) is exp(mu + 1/2)
		return time.Duration(mean * math.Exp(c.normal()-0.5))
	}
	return w.Mean
}
