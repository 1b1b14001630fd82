package enginetest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner"
)

const spreadScenario = `
scenario: spread
topology:
  gw: {kind: gateway, routes: [{match: /*, to: app}]}
  app: {kind: service, endpoints: {GET /x: [{work: 0s}]}}
load:
  users: {to: gw, rate: 100/s, requests: [{send: GET /x}]}
phases:
  - {name: steady, for: 1s}
  - {name: slow, for: 4s, faults: [{latency: 20ms, shape: %s, on: gw -> app}]}
  - {name: after, for: 1s}
`

// LatencyBySpread runs a latency by its coefficient of variation: its receipt has the mean, and what users felt the quantiles of the
// distribution in closed form, where time is exact. On a machine what is held may be let go later by up to so many ms on average.
func LatencyBySpread(t *testing.T, e runner.Engine, exact bool, later float64) {
	t.Helper()
	// The hyperexponential of cv 2 with balanced means: p e^(-2pt) + (1-p) e^(-2(1-p)t) of t means is left at its quantiles.
	p := (1 + math.Sqrt(3.0/5)) / 2
	lognormal := math.Sqrt(math.Log(2))
	for shape, s := range map[string]spread{
		"{cv: 1}":              {1, func(x float64) float64 { return math.Exp(-x) }},
		"{cv: 2}":              {2, func(x float64) float64 { return p*math.Exp(-2*p*x) + (1-p)*math.Exp(-2*(1-p)*x) }},
		"{lognormal: {cv: 1}}": {1, func(x float64) float64 { return math.Erfc((math.Log(x)/lognormal+lognormal/2)/math.Sqrt2) / 2 }},
	} {
		t.Run(shape, func(t *testing.T) {
			if !exact {
				t.Parallel()
			}
			s.run(t, e, shape, exact, later)
		})
	}
}

// spread is a shape's coefficient of variation, and what is left above so many means.
type spread struct {
	cv   float64
	left func(means float64) float64
}

func (s spread) run(t *testing.T, e runner.Engine, shape string, exact bool, later float64) {
	const mean, n = 20.0, 400
	res := runText(t, e, "spread", fmt.Appendf(nil, spreadScenario, shape))
	noise := 4 * s.cv * mean / math.Sqrt(n)
	if got := res.Faults[0].Receipt.FullDelayMs; math.Abs(got-mean) > noise+later {
		t.Errorf("the receipt says %.2f ms on average, want %g within %.2f", got, mean, noise+later)
	}
	for _, check := range res.Checks {
		if strings.HasPrefix(check.Name, "receipt") && !check.OK {
			t.Errorf("%s: %s", check.Name, check.Text)
		}
	}
	if !exact {
		return
	}
	felt := res.Phases[1].Requests[0]
	for share, got := range map[float64]float64{.5: felt.LatencyMs.P50, .1: felt.LatencyMs.P90, .05: felt.LatencyMs.P95} {
		sd := math.Sqrt(share * (1 - share) / n)
		if left := s.left(got / mean); math.Abs(left-share) > 4*sd {
			t.Errorf("%.2f ms is exceeded by %.1f%%, and in closed form by %.1f%%", got, 100*share, 100*left)
		}
	}
}
