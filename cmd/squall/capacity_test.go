package main

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/squallhq/squall/report/capacity"
)

// A server with one worker and exponential service of 10 ms under Poisson arrivals is an M/M/1 queue: what it answers in is exponential at 100/s less
// the load, and its p99 is below 100 ms up to 100 - ln(100)/0.1 s = 53.95/s.
const singleServer = `
scenario: single server
topology: {shop: {kind: service, workers: 1, queue: 100000, endpoints: {GET /item: [{work: {mean: 10ms, shape: exponential}}]}}}
load: {users: {to: shop, rate: 20/s, arrivals: poisson, timeout: 60s, requests: [{send: GET /item}]}}
warm_up: 5s
phases: [{name: steady, for: 60s}]
expect: [{in: steady, p99: "< 100ms"}]
`

func TestCapacityOfASingleServer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some 50 runs")
	}
	inTurn(t)
	file := filepath.Join(t.TempDir(), "single.yaml")
	if err := os.WriteFile(file, []byte(singleServer), 0o600); err != nil {
		t.Fatal(err)
	}
	base, err := plan(t.Context(), file, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	f := capacityFlags{least: .5, most: 8, precision: .03, border: 9, roundFlags: roundFlags{rounds: 3}}
	found, err := f.find(t.Context(), file, base, func(rounds []round) (out []roundMade, _ error) {
		for _, r := range rounds {
			out = append(out, r.answer(t.Context()))
			if last := out[len(out)-1]; last.Error != "" {
				t.Fatal(last.Error)
			}
		}
		return out, nil
	})
	if err != nil || len(found.Cases) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	truth := 100 - math.Log(100)/.1
	c := found.Cases[0].Found
	if met := 20 * c.Met; c.State == capacity.Bound || c.State == capacity.Never || met < .9*truth || met > 1.1*truth {
		t.Errorf("%.2f/s (%s), want %.2f/s", met, c.State, truth)
	}
	if 20*c.Surely > truth || c.Hardly > 0 && 20*c.Hardly < truth {
		t.Errorf("%.2f/s is not in %.2f/s to %.2f/s", truth, 20*c.Surely, 20*c.Hardly)
	}
	t.Logf("%.2f/s (%.2f/s to %.2f/s), by theory %.2f/s", 20*c.Met, 20*c.Surely, 20*c.Hardly, truth)
}

// A round in a process that has made others is the one that a process of its own makes: nothing is left over from one to the next.
func TestRoundsDoNotDependOnEachOther(t *testing.T) {
	file := filepath.Join(t.TempDir(), "comparable.yaml")
	if err := os.WriteFile(file, []byte(comparable), 0o600); err != nil {
		t.Fatal(err)
	}
	one := func(seed uint64) (p50, p99 float64) {
		r := round{File: file, Text: []byte(comparable), Seed: seed}
		m := r.answer(t.Context())
		if m.Error != "" {
			t.Fatal(m.Error)
		}
		q := m.Result.Phases[0].Requests[0]
		return q.AnswerMs.P50, q.AnswerMs.P99
	}
	p50, p99 := one(3)
	if other, _ := one(4); other == p50 {
		t.Errorf("seeds 3 and 4 both come to %v ms", p50)
	}
	if again, tail := one(3); again != p50 || tail != p99 {
		t.Errorf("seed 3 came to %v and %v ms, and to %v and %v after another", p50, p99, again, tail)
	}
}

// A comparison of 4 designs over 20 rounds of the quickstart, in this process: what one core takes for it.
func BenchmarkComparison(b *testing.B) {
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", "quickstart.yaml"))
	if err != nil {
		b.Fatal(err)
	}
	designs := []round{{}, {Variant: "unprotected"}, {Sets: []string{"topology.catalog.replicas=3"}}, {Sets: []string{"topology.api.replicas=2"}}}
	for b.Loop() {
		for seed := range uint64(20) {
			for _, r := range designs {
				r.File, r.Text, r.Seed = "quickstart.yaml", text, seed+1
				if m := r.answer(b.Context()); m.Error != "" {
					b.Fatal(m.Error)
				}
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/80, "ms/run")
}
