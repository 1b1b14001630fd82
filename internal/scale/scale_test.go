package main

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The page is what was measured comes to, to the letter: nobody has written a figure into it.
func TestThePageIsWhatWasMeasured(t *testing.T) {
	t.Parallel()
	given, err := os.Open("../../docs/scale.benchmarks")
	if err != nil {
		t.Fatal(err)
	}
	defer given.Close()
	m, err := read(given)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := write(&got, m); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../docs/scale.md")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("`go run ./internal/scale < docs/scale.benchmarks > docs/scale.md` writes it anew (-page +measured):\n%s", diff)
	}
}

// A run's cost is its unit costs times how many there are, by hand; and what was not measured is not known.
func TestWork(t *testing.T) {
	t.Parallel()
	c := costs{objects: 2, posted: 3000, largest: 200, calls: 10, callsPerSecond: .5, generator: 35e-6, busy: 7e-6, forward: 5000, hear: 2e-6, hearBare: .5e-6, wire: 28, wireBare: 20,
		gob: 60, merge: .002, reading: 4000, series: 250, held: 1000, result: 8000}
	got := c.work(size{nodes: 1000, rate: 1e6, seconds: 2400})
	for what, pair := range map[string][2]float64{
		"objects": {got.objects, 2000}, "posted": {got.posted, 3e6}, "calls": {got.calls, 10*1000 + .5*2400}, "generators": {got.generators, 50}, "busy ones": {got.fewest, 10}, "by way of the API server": {got.forward, 5e6},
		"wire": {got.wire, 28e6}, "cores": {got.cores, 2}, "cores without results": {got.coresBare, .5}, "ceiling": {got.ceiling, 500_000},
		"gob": {got.gob, 60 * 1e6 * 2400}, "merge": {got.merge, .1},
		"questions, every other second": {got.asked, 1500}, "read": {got.read, 2e6}, "memory of 1,200 readings": {got.memory, 1.2e9}, "series": {got.seriesFile, 3e8},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-9*pair[1] {
			t.Errorf("%s: %g, want %g", what, pair[0], pair[1])
		}
	}
	c.calls = -1
	if got := c.work(size{nodes: 1, rate: 1, seconds: 1}); got.calls >= 0 {
		t.Errorf("calls that nobody has counted are %g", got.calls)
	}
	if _, err := unitCosts(measured{}); err == nil || !strings.Contains(err.Error(), "nothing has measured") {
		t.Errorf("of nothing: %v", err)
	}
	for n, want := range map[float64]string{0: "0", 999: "999", 1502: "1,500", 428_571: "429,000", 1e6: "1,000,000"} {
		if got := count(n); got != want {
			t.Errorf("%g is %q, want %q", n, got, want)
		}
	}
}
