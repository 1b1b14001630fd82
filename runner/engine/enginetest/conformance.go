// Package enginetest holds what every engine must do, as one test function that runs against each.
// It keeps the engines equal: the same topology, the same traffic, every primitive put on and taken off, its effect
// seen by a plain client. Lower bounds of times are tight, upper ones generous: the machine is shared.
package enginetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// The bounds of the suite's waits.
const (
	launchTimeout = 2 * time.Minute
	downTimeout   = time.Minute
	actTimeout    = 30 * time.Second
	// soon is the most that something may take that takes milliseconds on a quiet machine.
	soon = 5 * time.Second
	// patience is the most that a container engine on a busy machine may take to do, or to tell, what it takes a moment for on a quiet one:
	// that it comes to be is held, and not how soon.
	patience = time.Minute
)

// Conformance runs the suite. newEngine makes an engine that may launch several systems at a time; it is called once
// for each group of tests. image names an image that serves on port 7000 and is healthy at /ready, on an engine that has
// runner.Images; nil on others. What an engine's capabilities leave out must be refused.
func Conformance(t *testing.T, newEngine func(t *testing.T) runner.Engine, image func(*testing.T) string) {
	t.Run("system", func(t *testing.T) {
		t.Parallel()
		e := newEngine(t)
		w := launch(t, e, "conformance")
		for _, test := range []struct {
			name string
			run  func(*testing.T, *world)
		}{
			{"traffic flows over edges", testTraffic},
			{"nobody is redirected unasked", testNoRedirects},
			{"counters are exact", testCounters},
			{"spans are of one request", testSpans},
			{"an instance is reached past its edges", testPastEdges},
			{"latency on an open connection", testLatency},
			{"overlapping latencies", testOverlap},
			{"refuse", testRefuse},
			{"hang", testHang},
			{"SYNs are repeated as the kernel does", func(t *testing.T, w *world) { testRepeatedSYNs(t, w, e) }},
			{"lookups", testLookups},
			{"pause", testPause},
			{"behave", testBehave},
			{"change under load", testChange},
			{"changes overlap", testChangesOverlap},
			{"a change outlives a restart", testChangeAndKill},
			{"a change under a pause", testChangeUnderPause},
			{"kill keeps acknowledged writes", testKill},
			{"kill under a pause", testKillUnderPause},
			{"stop finishes what is under way", testStop},
			{"callers are told of a stop", testStopTold},
			{"that it is back is told after a stop and a kill", testBackIsTold},
			{"a caller that was away misses nothing", testCallerMissesNothing},
			{"stop under a pause", testStopUnderPause},
			{"misbehave under a pause", testToldUnderPause},
			{"CPU limits", func(t *testing.T, w *world) { testCPULimits(t, w, e) }},
			{"memory limits", func(t *testing.T, w *world) { testMemoryLimits(t, w, e) }},
			{"machines", func(t *testing.T, w *world) { testMachines(t, w, e) }},
			{"what nobody can do is refused", func(t *testing.T, w *world) { testImpossible(t, w, e) }},
			{"a primitive that fails leaves nothing", testFailedInjection},
			{"a part that fails leaves nothing of the others", testPartialFailure},
			{"an injection that is cut leaves nothing", testCutInjection},
			{"nothing died by itself", testNoDeaths},
		} {
			t.Run(test.name, func(t *testing.T) { test.run(t, w.with(t)) })
		}
	})
	// Each launches systems of its own, beside that one, and holds what is left of those.
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"down leaves nothing and may be called twice", func(t *testing.T) { testDown(t, newEngine(t)) }},
		{"a launch that is cut leaves nothing", func(t *testing.T) { testCutLaunch(t, newEngine(t)) }},
		{"a stream delivers to all of its subscribers", func(t *testing.T) { testStream(t, newEngine(t)) }},
		{"what is popped and not acknowledged is popped again", func(t *testing.T) { testPop(t, newEngine(t)) }},
		{"what is asked once says what it did", func(t *testing.T) { testAsks(t, newEngine(t)) }},
		{"images", func(t *testing.T) { testImages(t, newEngine, image) }},
		{"two at a time", func(t *testing.T) { testTwo(t, newEngine(t)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t)
		})
	}
}

// scenario is the suite's topology: users -> api (two instances) -> db and leaf (two instances).
const scenario = `
scenario: conformance
topology:
  api:
    kind: service
    replicas: 2
    timeout: 2s
    endpoints:
      GET /ping: [{work: 1ms}]
      POST /orders/{id}: [{write: db}]
      GET /leaf: [{call: leaf GET /}]
  db: {kind: database}
  leaf: {kind: service, replicas: 2, endpoints: {GET /: [{work: 1ms}]}}
load:
  users: {to: api, rate: 10/s, requests: [{send: GET /ping}, {send: "POST /orders/{id}", id: {sequence: true}}]}
phases:
  - name: only
    for: 60s
    faults:
      - {change: api, with: ` + created + `}
      - {change: api, with: ` + teapot + `}
      - {change: api, with: ` + slow + `}
      - {change: api, with: ` + computes + `}
      - {change: api, with: ` + long + `}
`

// Plan is the suite's plan. It has the configurations that the scenario's changes make, and no fault: the suite injects by
// itself.
func Plan(t *testing.T) *topology.Plan {
	t.Helper()
	s, err := language.Parse("conformance.yaml", []byte(scenario), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	p.Scenario.Phases[0].Faults, p.Faults, p.Schedule = nil, nil, nil
	return p
}

// The names of the suite's edges and instances.
const (
	toAPI  = "users:api-1"
	toAPI2 = "users:api-2"
	toDB   = "api-1:db-1"
	api    = "api-1"
	db     = "db-1"
)

// runID is a name for a run that no other test has.
func runID(t *testing.T, name string) string {
	return fmt.Sprintf("%s-%x", strings.ToLower(name), time.Now().UnixNano()&0xffffffff)
}

// runText runs a scenario to its end, with what else a test wants of the run.
func runText(t *testing.T, e runner.Engine, name string, text []byte, with ...func(*runner.Options)) *record.Result {
	t.Helper()
	s, err := language.Parse(name+".yaml", text, "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	o := runner.Options{Plan: p, Engine: e, Loader: load.New(load.Options{}), Run: runID(t, name), Dir: t.TempDir()}
	for _, more := range with {
		more(&o)
	}
	result, err := runner.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func launchAs(ctx context.Context, t *testing.T, e runner.Engine, run string, progress func(string)) (runner.System, *topology.Plan, error) {
	t.Helper()
	p := Plan(t)
	if err := e.Check(p); err != nil {
		t.Fatalf("Check: %v", err)
	}
	ctx, cancel := context.WithTimeout(ctx, launchTimeout)
	defer cancel()
	s, err := e.Launch(ctx, runner.Launch{Plan: p, Run: run, Dir: t.TempDir(), Progress: progress})
	return s, p, err
}

// launched is the world of a system that was to come up, which is taken down when t ends.
func launched(t *testing.T, s runner.System, p *topology.Plan, err error) *world {
	t.Helper()
	if err != nil {
		t.Fatalf("Launch: %v", err)
	}
	t.Cleanup(func() {
		if err := down(s); err != nil {
			t.Errorf("Down: %v", err)
		}
	})
	return newWorld(t, s, p)
}

// launch starts the suite's topology, and takes it down when t ends.
func launch(t *testing.T, e runner.Engine, name string) *world {
	t.Helper()
	s, p, err := launchAs(context.Background(), t, e, runID(t, name), func(string) {})
	return launched(t, s, p, err)
}

func down(s runner.System) error {
	ctx, cancel := context.WithTimeout(context.Background(), downTimeout)
	defer cancel()
	return s.Down(ctx)
}

func testDown(t *testing.T, e runner.Engine) {
	run := runID(t, "down")
	s, p, err := launchAs(context.Background(), t, e, run, func(string) {})
	if err != nil {
		t.Fatalf("Launch: %v", err)
	}
	w := newWorld(t, s, p)
	w.mustGet(toAPI, "/ping")
	w.close()
	for range 2 {
		if err := down(s); err != nil {
			t.Errorf("Down: %v", err)
		}
	}
	w.mustNotDial(toAPI)
	// The same run can start anew: no name of it is taken.
	s, p, err = launchAs(context.Background(), t, e, run, func(string) {})
	if err != nil {
		t.Fatalf("Launch of the same run after Down: %v", err)
	}
	w = newWorld(t, s, p)
	w.mustGet(toAPI, "/ping")
	w.close()
	if err := down(s); err != nil {
		t.Errorf("Down: %v", err)
	}
}

// testCutLaunch cuts a launch at its first words, at its second ones, and so on, until one gets through.
func testCutLaunch(t *testing.T, e runner.Engine) {
	run := runID(t, "cut")
	cause := errors.New("cut")
	for words := 1; ; words++ {
		ctx, cancel := context.WithCancelCause(context.Background())
		var mu sync.Mutex
		left := words
		s, _, err := launchAs(ctx, t, e, run, func(string) {
			mu.Lock()
			defer mu.Unlock()
			if left--; left == 0 {
				cancel(cause)
			}
		})
		cancel(nil)
		if err == nil {
			if err := down(s); err != nil {
				t.Errorf("Down: %v", err)
			}
			if words == 1 {
				t.Error("a launch whose context ended at its first words went on")
			}
			return
		}
		if !errors.Is(err, context.Canceled) && !errors.Is(err, cause) {
			t.Fatalf("Launch cut at word %d: %v", words, err)
		}
	}
}

func testTwo(t *testing.T, e runner.Engine) {
	var wg sync.WaitGroup
	var worlds [2]*world
	for n := range worlds {
		wg.Go(func() {
			s, p, err := launchAs(context.Background(), t, e, runID(t, fmt.Sprintf("two%d", n)), func(string) {})
			if err != nil {
				t.Errorf("Launch: %v", err)
				return
			}
			worlds[n] = newWorld(t, s, p)
		})
	}
	wg.Wait()
	for n, w := range worlds {
		if w == nil {
			continue
		}
		for i := range n + 1 { // the first one takes one write, the second one two
			w.mustWrite(toAPI, fmt.Sprintf("two-%d", i))
		}
	}
	for n, w := range worlds {
		if w == nil {
			continue
		}
		if found := w.writes(db); len(found) != n+1 {
			t.Errorf("system %d holds %v, want its own %d writes alone", n, found, n+1)
		}
		w.close()
		if err := down(w.system); err != nil {
			t.Errorf("Down: %v", err)
		}
	}
}
