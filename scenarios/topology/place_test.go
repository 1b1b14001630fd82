package topology

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Links hold between users and the nodes that they talk to, where a load says where it is.
func TestLinksOfUsers(t *testing.T) {
	web := &scenarios.Node{Name: "web", Kind: scenarios.KindService, Region: "eu", Replicas: 2}
	s := &scenarios.Scenario{
		Name: "places", Nodes: []*scenarios.Node{web},
		Links: []scenarios.Link{{Between: [2]string{"eu", "us"}, Latency: 40 * time.Millisecond, Jitter: time.Millisecond}},
		Loads: []*scenarios.Load{
			{Name: "far", To: "web", Place: scenarios.Place{Region: "us"}, Rate: 1, Requests: []scenarios.Request{{Send: "GET /"}}},
			{Name: "near", To: "web", Place: scenarios.Place{Region: "eu"}, Rate: 1, Requests: []scenarios.Request{{Send: "GET /"}}},
			{Name: "anywhere", To: "web", Rate: 1, Requests: []scenarios.Request{{Send: "GET /"}}},
		},
		Phases: []*scenarios.Phase{{Name: "steady", For: time.Second}},
	}
	plan, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]time.Duration{"far": 40 * time.Millisecond, "near": 0, "anywhere": 0}
	seen := 0
	for _, e := range plan.Edges {
		if !e.Client {
			continue
		}
		seen++
		if e.Latency != want[e.From] {
			t.Errorf("%s: %s, want %s", e.Name, e.Latency, want[e.From])
		}
	}
	if seen != 6 {
		t.Errorf("%d edges of users, want 6", seen)
	}
}
