package virtual_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// conduct runs a scenario as `squall run --engine virtual` does.
func conduct(t testing.TB, s *scenarios.Scenario, seed uint64) *record.Result {
	t.Helper()
	p, err := topology.New(s, seed)
	if err != nil {
		t.Fatal(err)
	}
	result, err := runner.Run(context.Background(), runner.Options{
		Plan: p, Engine: virtual.New(), Loader: load.New(load.Options{}), Run: "test", Dir: t.TempDir(),
		ReadWrites: func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
			return node.ReadBack(ctx, dial, i.Node)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// quickstart is the example as it stands.
func quickstart(t testing.TB) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.LoadFile("../../../examples/quickstart.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	return s
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
