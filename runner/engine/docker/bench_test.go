package docker

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// twenty is a topology of 20 instances on three levels.
func twenty() *topology.Plan {
	var nodes []*scenarios.Node
	var names []string
	for n := range 5 {
		nodes = append(nodes, &scenarios.Node{Name: fmt.Sprintf("db%d", n), Kind: scenarios.KindDatabase})
	}
	for n := range 14 {
		name := fmt.Sprintf("svc%d", n)
		names = append(names, name)
		nodes = append(nodes, service(name, work(time.Millisecond), scenarios.Step{Write: fmt.Sprintf("db%d", n%5)}))
	}
	return load(planOf(append(nodes, gateway("api", names...))...), "users", "api")
}

// BenchmarkLaunch20Nodes tells how long 20 nodes, their networks and the mesh take from nothing to healthy, and back.
func BenchmarkLaunch20Nodes(b *testing.B) {
	e := testEngine(b, Options{Exe: squallbin.Path(b)})
	if _, err := e.ensureImage(b.Context()); err != nil {
		b.Fatal(err)
	}
	var up, down time.Duration
	for n := range b.N {
		run := fmt.Sprintf("bench-%x-%d", time.Now().UnixNano(), n)
		cleanRun(b, e, run)
		begin := time.Now()
		s, err := e.Launch(b.Context(), runner.Launch{Plan: twenty(), Run: run, Dir: b.TempDir(), Progress: func(string) {}})
		if err != nil {
			b.Fatal(err)
		}
		up += time.Since(begin)
		begin = time.Now()
		if err := s.Down(context.Background()); err != nil {
			b.Fatal(err)
		}
		down += time.Since(begin)
		wantNothing(b, e, run)
	}
	b.ReportMetric(up.Seconds()/float64(b.N), "launch-s")
	b.ReportMetric(down.Seconds()/float64(b.N), "down-s")
}

// BenchmarkInject tells how long each primitive takes to be in force, and to be gone again (for a
// kill that is until the instance is healthy). What a process feels comes earlier: the engine
// answers to a kill when it has taken the container down.
func BenchmarkInject(b *testing.B) {
	s := launch(b, Options{}, load(planOf(service("a", work(0))), "users", "a"))
	for _, c := range []struct {
		name      string
		primitive faults.Primitive
	}{
		{"toxic", faults.Primitive{Op: faults.OpToxic, Edge: "users:a-1", Toxic: &faults.Toxic{Stream: "downstream", Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 1}}}},
		{"outage", faults.Primitive{Op: faults.OpOutage, Edge: "users:a-1", Outage: &faults.EdgeOutage{New: faults.NewHang, Open: faults.OpenKeep}}},
		{"behave", faults.Primitive{Op: faults.OpBehave, Instance: "a-1", Behaviour: &faults.Behaviour{Errors: 1, Status: 500}}},
		{"pause", faults.Primitive{Op: faults.OpPause, Instance: "a-1"}},
		{"cpu", faults.Primitive{Op: faults.OpCPU, Instance: "a-1", CPUs: 0.5}},
		{"kill", faults.Primitive{Op: faults.OpKill, Instance: "a-1"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var on, off []float64
			for b.Loop() {
				begin := time.Now()
				undo := s.inject(b, c.primitive)
				on = append(on, float64(time.Since(begin).Microseconds())/1e3)
				begin = time.Now()
				if _, err := undo(b.Context()); err != nil {
					b.Fatal(err)
				}
				off = append(off, float64(time.Since(begin).Microseconds())/1e3)
			}
			slices.Sort(on)
			slices.Sort(off)
			b.ReportMetric(on[len(on)/2], "on-ms-median")
			b.ReportMetric(off[len(off)/2], "off-ms-median")
		})
	}
}
