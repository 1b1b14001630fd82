package enginetest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner"
)

// cutScenario has five requests under way at any time when a fault comes on that cuts them.
const cutScenario = `
scenario: cuts
topology:
  gw:  {kind: gateway, routes: [{match: /*, to: app}]}
  app: {kind: service, endpoints: {GET /x: [{work: 100ms}]}}
load:
  users: {to: gw, rate: 50/s, requests: [{send: GET /x}]}
phases:
  - {name: steady, for: 2s}
  - {name: broken, for: 2s, faults: [%s]}
  - {name: after, for: 2s}
`

// CutByAFault runs faults that cut what is under way as they come on: the figures of a phase are of the requests intended in it,
// what was cut is in a figure of its own, and charged to the fault; the steady state and the outage are whole. The runs are made beside
// each other where time is real.
func CutByAFault(t *testing.T, e runner.Engine) {
	_, inVirtualTime := e.(runner.Enclosing)
	for name, fault := range map[string]string{"outage": "{outage: app, how: refuse}", "crash": "{crash: app}"} {
		t.Run(name, func(t *testing.T) {
			if !inVirtualTime {
				t.Parallel()
			}
			cutBy(t, e, fault)
		})
	}
}

func cutBy(t *testing.T, e runner.Engine, fault string) {
	t.Helper()
	res := runText(t, e, "cuts", fmt.Appendf(nil, cutScenario, fault))
	const intended = 100 // 50/s in 2 s
	for _, phase := range res.Phases {
		if q := phase.Requests[0]; q.Sent+q.Cut != intended || q.Rate != intended/2 {
			t.Errorf("%s: %s: %d sent and %d cut at %g/s, want %d in all at %d/s", fault, phase.Name, q.Sent, q.Cut, q.Rate, intended, intended/2)
		}
	}
	steady, broken, after := res.Phases[0].Requests[0], res.Phases[1].Requests[0], res.Phases[2].Requests[0]
	f := res.Faults[0]
	if f.AppliedS == nil {
		t.Fatalf("%s was not applied: %s", fault, f.Error)
	}
	late := int64(math.Ceil((*f.AppliedS - 2) * intended / 2)) // so many came while it was put on
	if steady.OK != steady.Sent || steady.Cut < 3-late || steady.Cut > 7 {
		t.Errorf("%s: steady: %d of %d ok, %d cut; want all ok but the five under way, less %d", fault, steady.OK, steady.Sent, steady.Cut, late)
	}
	if broken.Sent-broken.Failed > late {
		t.Errorf("%s: broken: %d of %d failed; none answers under a total outage, which was %d requests late", fault, broken.Failed, broken.Sent, late)
	}
	if f.Cut != steady.Cut+after.Cut || f.Cut > 1 && !strings.Contains(f.Receipt.Text, "under way were cut") {
		t.Errorf("%s: %d charged to the fault, the phases tell of %d and %d: %s", fault, f.Cut, steady.Cut, after.Cut, f.Receipt.Text)
	}
}
