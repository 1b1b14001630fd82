package language

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/scenarios"
)

const computing = `scenario: computing
topology:
  api:
    kind: service
    endpoints:
      GET /:
        - compute: 4ms
        - compute: {mean: 2ms, shape: exponential}
load: {users: {to: api, rate: 1/s, requests: [{send: GET /}]}}
phases: [{name: only, for: 1s}]
`

func TestComputeIsAStepLikeWork(t *testing.T) {
	s, err := Parse("x.yaml", []byte(computing), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []scenarios.Step{{Compute: &scenarios.Work{Mean: 4 * time.Millisecond}}, {Compute: &scenarios.Work{Mean: 2 * time.Millisecond, Shape: "exponential"}}}
	if diff := cmp.Diff(want, s.Scenario.Nodes[0].Endpoints[0].Steps); diff != "" {
		t.Error(diff)
	}
	for change, complaint := range map[string]string{
		"compute: 4ms, work: 4ms":     "a step has both compute and work",
		"compute: 4ms, timeout: 10ms": "timeout does not belong to a step of compute",
	} {
		_, err := Parse("x.yaml", []byte(strings.Replace(computing, "compute: 4ms", "{"+change+"}", 1)), "")
		if err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%s: %v, want %q", change, err, complaint)
		}
	}
}

// A shape is a word, or how far draws spread about their mean.
func TestShapeByCV(t *testing.T) {
	s := load(t, "testdata/valid/cv.yaml", "")
	two, half, none := 2.0, .5, 0.0
	want := []*scenarios.Work{
		{Mean: 10 * time.Millisecond, CV: &two}, {Mean: time.Millisecond, Shape: "lognormal", CV: &half}, {Mean: time.Second, CV: &none},
	}
	got := []*scenarios.Work{s.Nodes[0].Endpoints[0].Steps[0].Work, s.Nodes[0].Endpoints[1].Steps[0].Compute, s.Loads[1].Think}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("works (-want +got):\n%s", diff)
	}
}
