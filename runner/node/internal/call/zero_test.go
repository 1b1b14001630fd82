package call

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// A budget of 0% allows nothing, and no budget allows everything: of 100 calls that always fail and may be tried 4 times each,
// 1.00x and 4.00x attempts.
func TestABudgetOfNothingAllowsNothing(t *testing.T) {
	for _, r := range []struct {
		name   string
		budget *float64
		want   int
	}{{"0%", new(0.0), 100}, {"none", nil, 400}} {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := executorOn(t, scenarios.Policy{Retry: &scenarios.Retry{Attempts: 4, Budget: r.budget}}, 1)
				attempts := 0
				for n := range 100 {
					task := func(context.Context, *Replica, host.Trace, int) Outcome {
						attempts++
						return Outcome{F: &Failure{Class: Failed, Status: 503, Retryable: true, To: "leaf"}}
					}
					if f := e.DoSafely(t.Context(), host.Trace{Request: fmt.Sprint(n)}, task); f == nil {
						t.Error("a call that always fails did not")
					}
				}
				if attempts != r.want {
					t.Errorf("%d attempts of 100 calls, want %d", attempts, r.want)
				}
			})
		})
	}
}

// A hedge's budget of 0% makes none.
func TestAHedgeBudgetOfNothingMakesNone(t *testing.T) {
	for budget, want := range map[*float64]int64{new(0.0): 0, nil: 100} {
		_, e := hedged(t, scenarios.Hedge{After: time.Millisecond, Budget: budget}, 100,
			func(*rand.Rand) time.Duration { return 10 * time.Millisecond })
		if got := hedgesTotal.In(e.i.Metrics).Load(); got != want {
			t.Errorf("%d hedges of 100 late calls, want %d", got, want)
		}
	}
}
