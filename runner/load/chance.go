package load

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/squallhq/squall/internal/chance"
	"github.com/squallhq/squall/scenarios"
)

// draws is a seeded source of draws. It is a value, so that one can be made per request at no cost.
type draws struct{ pcg rand.PCG }

// newDraws derives a source from the run's seed, the load, what it is for, and a number: its
// draws depend on nothing else, whatever is going on at the same time.
func newDraws(seed uint64, load, purpose string, n uint64) draws {
	return numberedDraws(seed, nameHash(load, purpose), n)
}

func nameHash(load, purpose string) uint64 { return chance.Hash(load + "\x00" + purpose) }

func numberedDraws(seed, name, n uint64) draws {
	var c draws
	c.pcg.Seed(chance.Numbered(seed, name, n))
	return c
}

// float64 is uniform in [0, 1).
func (c *draws) float64() float64 { return float64(c.pcg.Uint64()>>11) / (1 << 53) }

// exponential has the mean 1.
func (c *draws) exponential() float64 { return -math.Log1p(-c.float64()) }

// normal is a standard normal draw (Box-Muller).
func (c *draws) normal() float64 {
	return math.Sqrt(2*c.exponential()) * math.Cos(2*math.Pi*c.float64())
}

// drawWork draws a think time; nil is none.
func drawWork(c *draws, w *scenarios.Work) time.Duration {
	if w == nil {
		return 0
	}
	mean := float64(w.Mean)
	if w.CV != nil {
		if w.Shape == "lognormal" {
			return time.Duration(mean * chance.LognormalByCV(*w.CV, source{c}))
		}
		return time.Duration(mean * chance.ByCV(*w.CV, source{c}))
	}
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

// source is draws as chance wants them.
type source struct{ draws *draws }

func (s source) Float64() float64     { return s.draws.float64() }
func (s source) ExpFloat64() float64  { return s.draws.exponential() }
func (s source) NormFloat64() float64 { return s.draws.normal() }
