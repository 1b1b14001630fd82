package docker

import (
	"context"
	"fmt"
	"testing"
	"time"

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
