package virtual_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/readback"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// conduct runs a scenario as `squall run --engine virtual` does.
func conduct(t testing.TB, s *scenarios.Scenario, seed uint64) *record.Result {
	t.Helper()
	return conductWith(t, s, seed, load.New(load.Options{}))
}

func conductWith(t testing.TB, s *scenarios.Scenario, seed uint64, l runner.Loader) *record.Result {
	t.Helper()
	return conductOn(t, &virtual.Engine{}, s, seed, l)
}

func conductOn(t testing.TB, e *virtual.Engine, s *scenarios.Scenario, seed uint64, l runner.Loader) *record.Result {
	t.Helper()
	p, err := topology.New(s, seed)
	if err != nil {
		t.Fatal(err)
	}
	return carryOut(t, e, p, l)
}

func carryOut(t testing.TB, e *virtual.Engine, p *topology.Plan, l runner.Loader) *record.Result {
	t.Helper()
	result, err := runner.Run(context.Background(), runner.Options{
		Plan: p, Engine: e, Loader: l, Run: "test", Dir: t.TempDir(),
		ReadWrites: func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
			return node.ReadBack(ctx, dial, i.Node)
		},
		ReadOutbox: func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
			return node.ReadOutbox(ctx, dial, i.Node)
		},
		ReadWritten: readback.Read,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// tap keeps every sample of the phases.
type tap struct {
	runner.Loader
	mu      sync.Mutex
	samples []record.Sample
}

func (l *tap) Drive(ctx context.Context, d runner.Drive) (runner.Driven, error) {
	count := d.Record
	d.Record = func(s record.Sample) {
		l.mu.Lock()
		l.samples = append(l.samples, s)
		l.mu.Unlock()
		count(s)
	}
	return l.Loader.Drive(ctx, d)
}

// tapped runs a scenario and gives every sample too, of the warm-up as well.
func tapped(t testing.TB, s *scenarios.Scenario, seed uint64) (*record.Result, []record.Sample) {
	t.Helper()
	l := &tap{Loader: load.New(load.Options{})}
	return conductWith(t, s, seed, l), l.samples
}
