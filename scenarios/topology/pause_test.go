package topology_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// A stage of rate 0/s is a pause: it neither ramps down to nothing nor takes the last rate on.
func TestPauseBetweenStages(t *testing.T) {
	s, err := language.Parse("pause.yaml", []byte(`scenario: pause
topology: {shop: {kind: service, endpoints: {GET /: [{work: 1ms}]}}}
load:
  users:
    to: shop
    stages: [{for: 10s, rate: 100/s}, {for: 5s, rate: 0/s}, {for: 10s, rate: 50/s}]
    requests: [{send: GET /}]
phases: [{name: all of it, for: 25s}]
`), "")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := topology.Expected(s.Loads[0], 0, 25*time.Second); got != 1500 {
		t.Errorf("%g requests expected, want 10 s at 100/s and 10 s at 50/s: 1500", got)
	}
}
