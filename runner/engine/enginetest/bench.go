package enginetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// twentyNodes is a topology of 20 instances on three levels: gateway -> 18 services -> database.
func twentyNodes(b *testing.B) *topology.Plan {
	b.Helper()
	s := &scenarios.Scenario{
		Name: "twenty",
		Nodes: []*scenarios.Node{
			{Name: "front", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "shop"}}}},
			{Name: "shop", Kind: scenarios.KindService, Replicas: 18, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
				{Match: "GET /ping", Steps: []scenarios.Step{{Read: "db"}}},
			}}},
			{Name: "db", Kind: scenarios.KindDatabase},
		},
		Loads:  []*scenarios.Load{{Name: "users", To: "front", Rate: 10, Requests: []scenarios.Request{{Send: "GET /ping"}}}},
		Phases: []*scenarios.Phase{{Name: "only", For: time.Minute}},
	}
	p, err := topology.New(s, 1)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkLaunch measures how long 20 nodes take until all are healthy, and until all are gone.
func BenchmarkLaunch(b *testing.B, e runner.Engine) {
	p := twentyNodes(b)
	var up, gone time.Duration
	n := 0
	for b.Loop() {
		n++
		begin := time.Now()
		s, err := e.Launch(context.Background(), runner.Launch{
			Plan: p, Run: fmt.Sprintf("bench-%x", begin.UnixNano()&0xffffffff), Dir: b.TempDir(), Progress: func(string) {},
		})
		if err != nil {
			b.Fatal(err)
		}
		up += time.Since(begin)
		begin = time.Now()
		if err := down(s); err != nil {
			b.Fatal(err)
		}
		gone += time.Since(begin)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(up.Seconds()/float64(n), "s-up/20nodes")
	b.ReportMetric(gone.Seconds()/float64(n), "s-down/20nodes")
}

// BenchmarkFaults measures how long each sort of fault takes until it is in force, and until it is gone.
func BenchmarkFaults(b *testing.B, e runner.Engine) {
	p := twentyNodes(b)
	s, err := e.Launch(context.Background(), runner.Launch{
		Plan: p, Run: fmt.Sprintf("bench-%x", time.Now().UnixNano()&0xffffffff), Dir: b.TempDir(), Progress: func(string) {},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := down(s); err != nil {
			b.Error(err)
		}
	}()
	for _, f := range []struct {
		name string
		p    faults.Primitive
	}{
		{"latency", latencyOf("users:front-1", 100*time.Millisecond)},
		{"outage", outage("users:front-1", faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset})},
		{"pause", faults.Primitive{Op: faults.OpPause, Instance: "shop-1"}},
		{"kill", faults.Primitive{Op: faults.OpKill, Instance: "shop-1"}},
	} {
		b.Run(f.name, func(b *testing.B) {
			var on, off time.Duration
			n := 0
			for b.Loop() {
				n++
				begin := time.Now()
				undo, err := s.Inject(b.Context(), []faults.Primitive{f.p})
				if err != nil {
					b.Fatal(err)
				}
				on += time.Since(begin)
				begin = time.Now()
				if _, err := undo(b.Context()); err != nil {
					b.Fatal(err)
				}
				off += time.Since(begin)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(on.Microseconds())/1000/float64(n), "ms-on")
			b.ReportMetric(float64(off.Microseconds())/1000/float64(n), "ms-off")
		})
	}
}
