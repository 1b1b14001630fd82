package load

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Frequencies against 1/k^s over the harmonic sum, within 4 standard errors.
func TestZipfFrequencies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s float64
		n int
	}{{1.1, 1000}, {1, 1000}, {0.5, 100}, {0.01, 10}, {2, 50}, {1.1, 1}, {1.3, 10_000_000}} {
		t.Run(fmt.Sprintf("s=%v of %d", c.s, c.n), func(t *testing.T) {
			t.Parallel()
			const draws = 400_000
			z := newZipf(c.s, c.n)
			chance := newDraws(1, "users", "test", 0)
			counts := map[int]int{}
			for range draws {
				k := z.draw(&chance)
				if k < 1 || k > c.n {
					t.Fatalf("drew %d", k)
				}
				counts[k]++
			}
			sum := 0.0
			for k := c.n; k >= 1; k-- {
				sum += math.Pow(float64(k), -c.s)
			}
			for k := 1; k <= min(c.n, 20); k++ {
				p := math.Pow(float64(k), -c.s) / sum
				got := float64(counts[k]) / draws
				if math.Abs(got-p) > 4.5*math.Sqrt(p*(1-p)/draws) {
					t.Errorf("value %d: share %.5f, want %.5f", k, got, p)
				}
			}
		})
	}
}

func TestThinkTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		shape     string
		deviation float64 // in means
	}{{"", 0}, {"constant", 0}, {"exponential", 1}, {"uniform", 1 / math.Sqrt(3)}, {"lognormal", math.Sqrt(math.E - 1)}} {
		t.Run(c.shape, func(t *testing.T) {
			t.Parallel()
			const draws = 400_000
			chance := newDraws(1, "users", "test", 1)
			sum, squares := 0.0, 0.0
			for range draws {
				d := drawWork(&chance, &scenarios.Work{Mean: time.Second, Shape: c.shape}).Seconds()
				sum += d
				squares += d * d
			}
			mean := sum / draws
			deviation := math.Sqrt(max(squares/draws-mean*mean, 0))
			if math.Abs(mean-1) > 0.02 || math.Abs(deviation-c.deviation) > 0.06 {
				t.Errorf("mean %.4f, deviation %.4f, want 1 and %.4f", mean, deviation, c.deviation)
			}
		})
	}
	if drawWork(nil, nil) != 0 {
		t.Error("no think time draws one")
	}
}
