package virtual_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

const service = 10 * time.Millisecond

// single is one service under one load, for long enough to intend so many requests.
func single(n *scenarios.Node, l *scenarios.Load, requests float64) *scenarios.Scenario {
	n.Name, n.Kind = "server", scenarios.KindService
	if n.Endpoints == nil {
		n.Endpoints = []*scenarios.Endpoint{{Match: "GET /", Steps: []scenarios.Step{{Work: &scenarios.Work{Mean: service, Shape: "exponential"}}}}}
	}
	l.Name, l.To, l.Requests = "users", "server", []scenarios.Request{{Send: "GET /"}}
	l.Timeout, l.MaxInFlight = time.Hour, 1e6
	return &scenarios.Scenario{
		Name: "closed form", Nodes: []*scenarios.Node{n}, Loads: []*scenarios.Load{l}, WarmUp: time.Minute,
		Phases: []*scenarios.Phase{{Name: "all", For: time.Duration(requests / l.Rate * float64(time.Second))}},
	}
}

func BenchmarkMM1(b *testing.B) {
	for b.Loop() {
		r := conduct(b, single(&scenarios.Node{Workers: 1}, &scenarios.Load{Rate: 80, Arrivals: "poisson"}, 100000), 1)
		b.Logf("%+v", r.Phases[0].Requests[0])
	}
}
