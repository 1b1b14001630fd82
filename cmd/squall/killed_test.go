package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// played is a run that lasts until it is killed.
const played = `scenario: played
topology:
  shop: {kind: service, endpoints: {"GET /x": [{work: 1ms}]}}
load:
  users: {to: shop, rate: 20/s, requests: [{send: GET /x}]}
warm_up: 200ms
phases: [{name: steady, for: 10m}]
`

// killings is how many runs of an engine are killed: a few, or as many as SQUALL_KILLS says.
func killings(t *testing.T, few int) int {
	t.Helper()
	text := os.Getenv("SQUALL_KILLS")
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A run that is killed with -9 while something is on that a person put on, or is being put on, leaves nothing once squall has cleaned up, and what
// happened in it can be read, the last note included. SQUALL_KILLS=20 does it 20 times on each engine.
func TestKilledInTheMiddleOfAnAct(t *testing.T) {
	t.Parallel()
	scenario := filepath.Join(t.TempDir(), "played.yaml")
	if err := os.WriteFile(scenario, []byte(played), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, engine := range engines(t) {
		few := map[string]int{"process": 4, "docker": 1}[engine]
		for n := range killings(t, few) {
			fault := []string{"pause: shop", "latency: 300ms, on: users -> shop", "crash: shop", "outage: shop"}[n%4]
			t.Run(fmt.Sprint(engine, " ", n, " ", fault), func(t *testing.T) { killedAt(t, engine, scenario, fault, n) })
		}
	}
}

// killedAt kills a run some time after a fault is on, in each third run after it was asked for.
func killedAt(t *testing.T, engine, scenario, fault string, n int) {
	state := t.TempDir()
	s := start(t, state, "run", scenario, "--engine", engine, "--out", "out")
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	s.await("), run ")
	out := filepath.Join(s.dir, "out")
	client := steady(t, out)
	ask := func(verb string, asked control.Asked) {
		asked.Who = "ann"
		if _, err := client.Do(t.Context(), verb, asked); err != nil {
			t.Error(err)
		}
	}
	chance := rand.New(rand.NewPCG(uint64(n), 1))
	moment := func(most int) { time.Sleep(time.Duration(chance.IntN(most)) * time.Millisecond) } // it is what is varied: nothing is waited for
	inTheMiddle, asking := n%3 == 2, sync.WaitGroup{}
	if inTheMiddle {
		ask("note", control.Asked{Text: "the last word"})
		asking.Go(func() { _, _ = client.Do(t.Context(), "inject", control.Asked{Who: "ann", Fault: fault}) }) // by chance it is killed first
		moment(30)
	} else {
		ask("inject", control.Asked{Fault: fault})
		moment(2000)
		ask("note", control.Asked{Text: "the last word"})
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.end()
	asking.Wait()
	written(t, out, inTheMiddle)
	clean := start(t, state, "clean")
	if code := clean.end(); code != report.ExitPass {
		t.Errorf("clean: exit %d: %s", code, strings.Join(clean.seen, "\n"))
	}
	if left := leftovers(t, s.run()); len(left) > 0 {
		t.Errorf("run %s left %v; clean said:\n%s", s.run(), left, clean.output.String())
	}
}

// steady is the control of the run of a folder, once it is in its phase.
func steady(t *testing.T, out string) *control.Client {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if client, err := control.Find(out); err == nil {
			if standing, err := client.Status(t.Context()); err == nil && standing.Phase == "steady" {
				return client
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("it never came to its phase")
		}
	}
}

// written holds what a killed run's folder has of it: all that was said, and what was on before that, unless it was killed as that was put on.
func written(t *testing.T, out string, inTheMiddle bool) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(out, record.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	act, last := -1, -1
	for line := range strings.Lines(string(data)) {
		var e record.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		switch {
		case e.Kind == "action" && strings.HasSuffix(e.Text, "(by ann, squall ctl): on"):
			act = strings.Index(string(data), line)
		case e.Kind == "said" && e.Text == "the last word (by ann, squall ctl)":
			last = strings.Index(string(data), line)
		}
	}
	if last < 0 || !inTheMiddle && (act < 0 || act > last) {
		t.Errorf("the act is at %d, the last word at %d of:\n%s", act, last, data)
	}
	if _, err := record.Read(out); err == nil || !strings.Contains(err.Error(), record.EventsFile) {
		t.Errorf("reading its record says %v", err)
	}
}
