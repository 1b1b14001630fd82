package virtual_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// weighed is an engine whose observations are weighed: as JSON, which is about what asking for them takes over HTTP.
type weighed struct {
	*virtual.Engine
	bytes, readings int64
	// held is the memory in use at the 50th and at the 90th reading, when old ones are let go, and at when those were.
	held [2]int64
	at   [2]time.Time
}

func (w *weighed) Launch(ctx context.Context, l runner.Launch) (runner.System, error) {
	s, err := w.Engine.Launch(ctx, l)
	if err != nil {
		return nil, err
	}
	return &weighedSystem{s, w}, nil
}

type weighedSystem struct {
	runner.System
	w *weighed
}

func (s *weighedSystem) Observe(ctx context.Context) (runner.Observation, error) {
	o, err := s.System.Observe(ctx)
	data, jsonErr := json.Marshal(o)
	if jsonErr != nil {
		return o, jsonErr
	}
	s.w.bytes, s.w.readings = s.w.bytes+int64(len(data)), s.w.readings+1
	if n := s.w.readings; n == 50 || n == 90 {
		s.w.held[n/90], s.w.at[n/90] = inUse(), time.Now()
	}
	return o, err
}

// What a run's record weighs by its nodes, each of which answers a request a second: the folder's bytes for a node, and for a node and second of the run;
// the memory that goes on being held for a node and second while it goes on; and how many bytes its counters are when they are read.
func BenchmarkRecord(b *testing.B) {
	for _, count := range []int{10, 100, 400} {
		b.Run(fmt.Sprintf("%d nodes", count), func(b *testing.B) {
			for b.Loop() {
				w := weigh(b, count)
				b.ReportMetric(float64(w.result)/float64(count), "result-B/node")
				b.ReportMetric(float64(w.series)/float64(count)/seconds, "series-B/node/s")
				b.ReportMetric(w.held/float64(count), "held-B/node/s")
				b.ReportMetric(float64(w.reading)/float64(count), "reading-B/node")
			}
		})
	}
}

// seconds are how long the runs are that are weighed: a reading a second.
const seconds = 100

// weight is what a run weighs, in bytes, held by second.
type weight struct {
	result, series, reading int64
	held                    float64
}

func weigh(b *testing.B, nodes int) weight {
	b.Helper()
	front := star(nodes)
	request := make([]scenarios.Request, 0, nodes)
	for i := range nodes - 1 {
		request = append(request, scenarios.Request{Send: fmt.Sprintf("GET /node%d", i)})
	}
	for _, n := range front[1:] {
		n.Endpoints[0].Match = "GET /" + n.Name
	}
	s := under(scenarios.Load{Rate: float64(nodes)}, float64(nodes*seconds), front...)
	s.Loads[0].Requests = request
	s.WarmUp = new(time.Duration(0))
	p, err := topology.New(s, 1)
	if err != nil {
		b.Fatal(err)
	}
	e := &weighed{Engine: &virtual.Engine{}}
	result, err := runner.Run(context.Background(), runner.Options{Plan: p, Engine: e, Loader: load.New(load.Options{}), Run: "weigh", Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	if err := record.Save(dir, result); err != nil {
		b.Fatal(err)
	}
	size := func(name string) int64 {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			b.Fatal(err)
		}
		return info.Size()
	}
	for _, r := range result.Phases[0].Requests {
		if r.OK != r.Sent {
			b.Fatalf("%s: %d of %d are ok", r.Request, r.OK, r.Sent)
		}
	}
	if e.at[1].IsZero() {
		b.Fatalf("there were %d readings", e.readings)
	}
	held := float64(e.held[1]-e.held[0]) / e.at[1].Sub(e.at[0]).Seconds()
	return weight{result: size(record.ResultFile), series: size(record.SeriesFile), reading: e.bytes / e.readings, held: held}
}
