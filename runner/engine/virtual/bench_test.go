package virtual_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// quickstart is the example as it stands.
func quickstart(t testing.TB) *scenarios.Scenario {
	t.Helper()
	s, err := language.LoadFile("../../../examples/quickstart.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	return s.Scenario
}

// The speed of the quickstart: virtual seconds for each real one.
func BenchmarkQuickstart(b *testing.B) {
	s := quickstart(b)
	var virtually float64
	began := time.Now()
	for b.Loop() {
		virtually += conduct(b, s, 1).DurationS
	}
	b.ReportMetric(virtually/time.Since(began).Seconds(), "virtual-s/s")
}

func BenchmarkMM1(b *testing.B) {
	var sent int64
	for b.Loop() {
		r := conduct(b, single(scenarios.Node{Workers: 1}, scenarios.Step{Work: exponential()}, poisson(.8), 100000), 1)
		sent += r.Phases[0].Requests[0].Sent
	}
	b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "requests/s")
}

// chain is a service that calls a service, and so on, each working for 1 ms.
func chain(hops int) []*scenarios.Node {
	var nodes []*scenarios.Node
	for i := range hops {
		n := &scenarios.Node{Name: fmt.Sprintf("hop%d", i), Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{{
			Match: "GET /", Steps: []scenarios.Step{{Work: &scenarios.Work{Mean: time.Millisecond, Shape: "exponential"}}},
		}}}}
		if i < hops-1 {
			call := scenarios.Step{Call: &scenarios.Call{Node: fmt.Sprintf("hop%d", i+1), Method: "GET", Path: "/"}, Policy: scenarios.Policy{Timeout: time.Second}}
			n.Endpoints[0].Steps = append(n.Endpoints[0].Steps, call)
		}
		nodes = append(nodes, n)
	}
	return nodes
}

// What a user's request over four hops costs, and how that grows with their number.
func BenchmarkFourHops(b *testing.B) {
	for _, requests := range []float64{1e3, 1e4, 1e5, 1e6} {
		b.Run(fmt.Sprintf("%g requests", requests), func(b *testing.B) {
			var sent int64
			for b.Loop() {
				s := under(scenarios.Load{Rate: 200, Arrivals: "poisson"}, requests, chain(4)...)
				s.WarmUp = new(time.Duration(0))
				r := conduct(b, s, 1)
				sent += r.Phases[0].Requests[0].Sent
			}
			b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "requests/s")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(4*sent), "µs/hop")
		})
	}
}

// star is a gateway in front of so many services.
func star(count int) []*scenarios.Node {
	front := &scenarios.Node{Name: "front", Kind: scenarios.KindGateway}
	nodes := []*scenarios.Node{front}
	for i := range count - 1 {
		n := chain(1)[0]
		n.Name = fmt.Sprintf("node%d", i)
		nodes = append(nodes, n)
		front.Routes = append(front.Routes, scenarios.Route{Match: "/" + n.Name, To: n.Name})
	}
	front.Routes = append(front.Routes, scenarios.Route{Match: "/*", To: "node0"})
	return nodes
}

// What nodes cost: the time to start, drive a thousand requests over one of them and stop, and the memory that they hold while they do nothing.
func BenchmarkNodes(b *testing.B) {
	for _, count := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("%d nodes", count), func(b *testing.B) {
			s := under(scenarios.Load{Rate: 100}, 1000, star(count)...)
			s.WarmUp = new(time.Duration(0))
			for b.Loop() {
				conduct(b, s, 1)
			}
			b.ReportMetric(float64(held(b, s))/float64(count)/1024, "held-KB/node")
		})
	}
}

// held is the memory that a launched topology holds, its goroutines' stacks too.
func held(b *testing.B, s *scenarios.Scenario) (bytes int64) {
	p, err := topology.New(s, 1)
	if err != nil {
		b.Fatal(err)
	}
	e := &virtual.Engine{}
	err = e.Enclose(b.Context(), func(ctx context.Context) {
		before := inUse()
		system, err := e.Launch(ctx, runner.Launch{Plan: p, Run: "held", Progress: func(string) {}})
		if err != nil {
			b.Error(err)
			return
		}
		bytes = inUse() - before
		if err := system.Down(ctx); err != nil {
			b.Error(err)
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	return bytes
}

func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// What a write and a read of a row cost a request, beside its one hop.
func BenchmarkDatabase(b *testing.B) {
	for _, with := range []bool{false, true} {
		b.Run(fmt.Sprintf("database=%t", with), func(b *testing.B) {
			nodes := chain(1)
			if with {
				nodes[0].Endpoints[0].Steps = append(nodes[0].Endpoints[0].Steps, scenarios.Step{Write: "db"}, scenarios.Step{Read: "db"})
				nodes = append(nodes, &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase})
			}
			var sent int64
			for b.Loop() {
				s := under(scenarios.Load{Rate: 200, Arrivals: "poisson"}, 1e4, nodes...)
				s.WarmUp = new(time.Duration(0))
				sent += conduct(b, s, 1).Phases[0].Requests[0].Sent
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(sent), "µs/request")
		})
	}
}
