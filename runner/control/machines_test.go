package control

import (
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios/language"
)

const boundedTo60 = `scenario: s
guard: {blast: 60%}
topology:
  web: {kind: service, replicas: 2, endpoints: {GET /x: [{call: db GET /}]}}
  db: {kind: service, endpoints: {GET /: [{work: 1ms}]}}
load: {l: {to: web, rate: 1/s, requests: [{send: GET /x}]}}
phases: [{name: p, for: 10s}]
`

// A fault that takes a machine reaches what is on it as things stand, and is held against the scenario's bound with all of that; where that is not known it says so.
func TestBlastOfAMachine(t *testing.T) {
	t.Parallel()
	doc, err := language.Parse("s.yaml", []byte(boundedTo60), "")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"machine_loss", "machine_drain"} {
		with, err := doc.ByHand(1, word+": web-1", time.Second)
		if err != nil {
			t.Fatal(err)
		}
		fault := with.Faults[len(with.Faults)-1]
		for hits, c := range map[string]struct {
			beside func(string) []string
			share  float64
			over   bool
		}{
			"1 of 2 replicas of web, and all that is beside them on their machines": {nil, .5, false},
			"1 of 1 replica of db, 1 of 2 replicas of web":                          {func(string) []string { return []string{"db-1", "web-1"} }, 1, true},
			"1 of 2 replicas of web":                                                {func(one string) []string { return []string{one} }, .5, false},
		} {
			got := Options{Plan: plan}.blastOf(onMachines(fault, c.beside), nil)
			if got.Hits != hits || got.Share != c.share || got.Over() != c.over {
				t.Errorf("%s hits %q and %v of the requests, over the bound: %v; want %q", word, got.Hits, got.Share, got.Over(), hits)
			}
		}
	}
}
