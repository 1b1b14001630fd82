package virtual_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios"
)

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

func BenchmarkMM1(b *testing.B) {
	var sent int64
	for b.Loop() {
		r := conduct(b, single(scenarios.Node{Workers: 1}, scenarios.Step{Work: exponential()}, poisson(.8), 100000), 1)
		sent += r.Phases[0].Requests[0].Sent
	}
	b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "requests/s")
}
