package call

import (
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// A call without a policy has no state of any pattern, whichever patterns there will be: every field of its executor is
// zero but what it calls and from where. With a pattern on, the field that it needs is not.
func TestExecutorThatIsOffHoldsNothing(t *testing.T) {
	set := func(g *Executor) (names []string) {
		v := reflect.ValueOf(*g)
		for n := range v.NumField() {
			switch name := v.Type().Field(n).Name; {
			case name == "i" || name == "To" || v.Field(n).IsZero():
			case name != "composed" || len(g.all) == 0:
				names = append(names, name)
			}
		}
		for _, on := range g.all {
			names = append(names, reflect.TypeOf(on).Elem().Name())
			if r, is := on.(*retry); is && r.budget != nil {
				names = append(names, "budget")
			}
		}
		return names
	}
	if on := set(executorOn(t, scenarios.Policy{}, 5)); len(on) > 0 {
		t.Errorf("without a policy these are there: %v", on)
	}
	for want, policy := range map[string]scenarios.Policy{
		"[Timeout]":      {Timeout: time.Second},
		"[retry]":        {Retry: &scenarios.Retry{Attempts: 3}},
		"[retry budget]": {Retry: &scenarios.Retry{Attempts: 3, Budget: new(.1)}},
		"[breaker]":      {Breaker: &scenarios.Breaker{Failures: .5, Of: 20, OpenFor: time.Second}},
		"[balance]":      {Balance: "two_choices"},
		"[hedge]":        {Hedge: &scenarios.Hedge{After: time.Second}},
		"[bulkhead]":     {Bulkhead: &scenarios.Bulkhead{Most: 10}},
		"[throttle]":     {Throttle: &scenarios.Throttle{K: 2}},
		"[deadline]":     {Deadline: host.Propagate},
	} {
		if got := fmt.Sprint(set(executorOn(t, policy, 5))); got != want {
			t.Errorf("on are %s, want %s", got, want)
		}
	}
}

// What is off costs no allocation: a call without a policy is its attempt alone.
func TestWhatIsOffAllocatesNothing(t *testing.T) {
	g, c, h := executorOn(t, scenarios.Policy{}, 5), host.Trace{Request: "r-1"}, http.Header{}
	bare := testing.AllocsPerRun(100, func() { atOnce(t.Context(), g.To.Replicas[0], c, 1) })
	for name, f := range map[string]func(){
		"a call":   func() { g.DoSafely(t.Context(), c, atOnce) },
		"deadline": func() { g.HandOn(t.Context(), h) },
	} {
		if got := testing.AllocsPerRun(100, f); got != bare {
			t.Errorf("%s: %g allocations where it is off, %g without it", name, got, bare)
		}
	}
	// The measure sees an allocation where there is one: a hedge needs a second context.
	hedged := executorOn(t, scenarios.Policy{Hedge: &scenarios.Hedge{After: time.Second}}, 5)
	if got := testing.AllocsPerRun(100, func() { hedged.DoSafely(t.Context(), c, atOnce) }); got <= bare {
		t.Errorf("a hedged call: %g allocations, want more than the %g of a bare one", got, bare)
	}
}
