package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/report/compare"
	"github.com/squallhq/squall/runner/record"
)

// comparable is a scenario that is over soon and differs from seed to seed; slower is 10 % slower.
const comparable = `
scenario: comparable
topology:
  shop: {kind: service, workers: 4, endpoints: {GET /item: [{work: {mean: 10ms, shape: exponential}}], POST /item: [{work: 10ms}]}}
load:
  users: {to: shop, rate: 100/s, arrivals: poisson, requests: [{send: GET /item, weight: 4}, {send: POST /item}]}
warm_up: 0s
phases: [{name: steady, for: 2s}, {name: cut, for: 500ms, faults: [{latency: 20ms, on: users -> shop}]}, {name: after, for: 1s}]
expect: [{in: steady, p50: "< 50ms"}]
variants:
  slower: {topology: {shop: {endpoints: {GET /item: [{work: {mean: 11ms, shape: exponential}}], POST /item: [{work: 11ms}]}}}}
`

var virtually sync.Mutex

// inTurn lets a test of many runs in virtual time go beside those that wait, one such test at a time: a run holds the process to one processor.
func inTurn(t *testing.T) {
	t.Helper()
	t.Parallel()
	virtually.Lock()
	t.Cleanup(virtually.Unlock)
}

// virtualRuns are runs of a variant with seeds from 1 on.
func virtualRuns(t *testing.T, variant string, n int) []*record.Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), "comparable.yaml")
	if err := os.WriteFile(file, []byte(comparable), 0o600); err != nil {
		t.Fatal(err)
	}
	var f runFlags
	var out []*record.Result
	for seed := range uint64(n) {
		p, err := plan(t.Context(), file, variant, seed+1)
		if err != nil {
			t.Fatal(err)
		}
		r, err := f.measure(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	return out
}

func sideOf(t *testing.T, of []*record.Result, which []int) *compare.Side {
	t.Helper()
	var runs []*record.Result
	for _, i := range which {
		runs = append(runs, of[i])
	}
	sides, err := compare.Sides(runs...)
	if err != nil || len(sides) != 1 {
		t.Fatal(err, len(sides))
	}
	return sides[0]
}

// Over 200 comparisons of one design with itself (other seeds on each side), 5 % at most call any figure different: 20 or more would
// show more at 99 %. With the default rounds a planted slowdown of 10 % is found in 95 %, and nothing is called better.
func TestComparisonsOfRunsInVirtualTime(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 200 runs")
	}
	inTurn(t)
	const pool, comparisons, rounds = 120, 200, 20
	runs, slower := virtualRuns(t, "", pool), virtualRuns(t, "slower", pool)
	r := rand.New(rand.NewPCG(5, 5))
	alarms := 0
	for range comparisons {
		dealt := r.Perm(pool)
		c := compare.Paired(sideOf(t, runs, dealt[:rounds]), sideOf(t, runs, dealt[rounds:2*rounds]), 0)
		for _, row := range c.Rows {
			if row.Change == compare.Worse || row.Change == compare.Improved {
				alarms++
				break
			}
		}
	}
	if alarms > 19 {
		t.Errorf("%d of %d comparisons of one design with itself call a difference", alarms, comparisons)
	}
	found, better := 0, 0
	for range comparisons {
		dealt := r.Perm(pool)[:rounds]
		c := compare.Paired(sideOf(t, runs, dealt), sideOf(t, slower, dealt), 0)
		for _, row := range c.Rows {
			if row.Name == "p50 of GET /item in steady" && row.Change == compare.Worse {
				found++
			}
			if row.Change == compare.Improved {
				better++
			}
		}
	}
	if found < comparisons*95/100 || better > comparisons/20 {
		t.Errorf("a slowdown of 10 %% is found in %d of %d comparisons, and something called better in %d", found, comparisons, better)
	}
	t.Logf("%d false alarms, %d of %d slowdowns found", alarms, found, comparisons)
}

// A round leaves out what only a folder has use for, and nothing of that may change what happens: its result is the one that a plain run
// of the same seed leaves, all but the moment, its name and command.
func TestARoundIsAPlainRun(t *testing.T) {
	inTurn(t)
	for _, one := range []round{
		{File: "quickstart.yaml", Seed: 3},
		{File: "quickstart.yaml", Seed: 4, Variant: "unprotected"},
		{File: "latency.yaml", Seed: 1},
	} {
		text, err := os.ReadFile(filepath.Join("../../examples", one.File))
		if err != nil {
			t.Fatal(err)
		}
		one.Text = text
		round := figuresOf(t, one)
		one.Keep = t.TempDir()
		if plain := figuresOf(t, one); plain != round {
			at := 0
			for at < min(len(plain), len(round)) && plain[at] == round[at] {
				at++
			}
			t.Errorf("%s, variant %q, seed %d: a round has other figures than a run: %.200s, want %.200s", one.File, one.Variant, one.Seed,
				round[max(0, at-80):], plain[max(0, at-80):])
		}
	}
}

func figuresOf(t *testing.T, r round) string {
	t.Helper()
	made := r.answer(t.Context())
	if made.Error != "" {
		t.Fatal(made.Error)
	}
	made.Result.Run, made.Result.Command, made.Result.Started = "", "", time.Time{}
	made.Result.Findings, made.Result.Absorbed = nil, nil // are read from these figures, and no comparison asks
	text, err := json.Marshal(made.Result)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
