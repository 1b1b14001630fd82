package process_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/process"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/record"
)

// beCounting is a user's own program that tells Prometheus what it counts, on a port of its own, unless it was asked to hush.
func beCounting() {
	var done, hushed atomic.Int64
	metrics := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/metrics":
			http.NotFound(w, r)
		case hushed.Load() == 1:
			<-r.Context().Done()
		default:
			n := done.Load()
			fmt.Fprintf(w, "# TYPE jobs_done_total counter\njobs_done_total{queue=\"a\"} %d\n# TYPE visits counter\nvisits %d\n# TYPE waiting gauge\nwaiting 3\nother 1\n", n, 2*n)
		}
	})
	go func() { check(http.ListenAndServe(os.Getenv("SQUALL_HOST")+":9100", metrics)) }()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /work", func(http.ResponseWriter, *http.Request) { done.Add(1) })
	mux.HandleFunc("GET /hush", func(http.ResponseWriter, *http.Request) { hushed.Store(1) })
	mux.HandleFunc("GET /speak", func(http.ResponseWriter, *http.Request) { hushed.Store(0) })
	check(http.ListenAndServe(os.Getenv("SQUALL_HOST")+":"+os.Getenv("SQUALL_PORT"), mux))
}

const counting = `scenario: counting
topology:
  shop: {kind: image, local: [%q, counting], port: 8080, health: /work, metrics: {port: 9100, keep: ["jobs_*", visits, waiting, nowhere]}}
  mute: {kind: image, local: [%[1]q, counting], port: 8080, metrics: 9101}
load:
  users: {to: shop, rate: 50/s, requests: [{send: GET /work}]}
  others: {to: mute, rate: 200/s, requests: [{send: GET /work}]}
phases: [{name: steady, for: 2s}, {name: later, for: 2s}]
`

const (
	jobs   = `jobs_done_total{queue="a"}`
	visits = "visits"
)

// What a user's own program counts stands in the record as what built-in nodes count does: of what grows, by its type where its name does
// not say so, what it grew by, in the run, its phases and its series. What can't be read is absent, and is told.
func TestWhatAProgramTellsIsRecorded(t *testing.T) {
	onLinux(t)
	t.Parallel()
	dir := t.TempDir()
	res, err := runner.Run(t.Context(), runner.Options{
		Plan: shopPlan(t, counting, os.Args[0]), Engine: process.New(process.Options{Exe: os.Args[0]}), Loader: load.New(load.Options{FineWait: true}), Run: "test-exposed", Dir: dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	shop, mute := res.Nodes[0], res.Nodes[1]
	if n := shop.Counters[jobs]; n < 195 || n > 203 || shop.Counters[visits] != 2*n || shop.Counters["waiting"] != 3 || shop.Types[visits] != "counter" || len(shop.Absent) != 1 {
		t.Errorf("the record has %+v", shop)
	}
	if _, is := shop.Counters["other"]; is {
		t.Error("what was not to be kept is there")
	}
	sum := 0.0
	for _, p := range res.Phases {
		for _, n := range p.Nodes {
			if n.Instance == "shop-1" {
				sum += n.Counters[jobs]
				if n.Counters["waiting"] != 3 || n.Counters[visits] != 2*n.Counters[jobs] {
					t.Errorf("phase %s has %v", p.Name, n.Counters)
				}
			}
		}
	}
	if sum != shop.Counters[jobs] {
		t.Errorf("the phases have %g jobs, the run %g", sum, shop.Counters[jobs])
	}
	each := 0.0
	for _, m := range res.Series {
		each += m.Nodes["shop-1"][jobs]
		if m.AtS > 0.5 && !strings.Contains(strings.Join(m.Unread, " "), "mute-1") {
			t.Errorf("at %g s unread are %q, and nobody answers at mute's port", m.AtS, m.Unread)
		}
	}
	if each != sum || len(res.Series) < 4 {
		t.Errorf("%d readings have %g jobs, the phases %g", len(res.Series), each, sum)
	}
	if _, is := mute.Counters[visits]; is || len(mute.Counters) > 1 || mute.Counters["cpu_seconds_total"] == 0 { // its CPU time is known all the same
		t.Errorf("of one that nobody can read there is %v", mute.Counters)
	}
	if !told(res, "metrics of mute-1 could not be read") || told(res, "metrics of shop-1") {
		t.Errorf("what is told: %+v", res.Events)
	}
}

func told(res *record.Result, words string) bool {
	for _, e := range res.Events {
		if strings.Contains(e.Text, words) {
			return true
		}
	}
	return false
}

// One that does not answer in time is silent, with what it told last, and holds nobody up; its counters go on over a restart.
func TestSilenceIsNoZero(t *testing.T) {
	onLinux(t)
	s, _, err := launch(t, shopPlan(t, counting, os.Args[0]), "silence")
	if err != nil {
		t.Fatal(err)
	}
	observe := func() runner.NodeCounters {
		t.Helper()
		o, err := s.Observe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if late := time.Since(o.At); late > 700*time.Millisecond {
			t.Errorf("what it tells was waited for %s", late)
		}
		return o.Nodes["shop-1"]
	}
	first := observe()
	if first.Silent != "" || first.Counters["waiting"] != 3 {
		t.Fatalf("%+v", first)
	}
	ask(t, s, "users:shop-1", "/work")
	ask(t, s, "users:shop-1", "/hush")
	if now := observe(); !strings.Contains(now.Silent, "500ms") || now.Counters[jobs] != first.Counters[jobs] {
		t.Errorf("hushed: %+v", now)
	}
	ask(t, s, "users:shop-1", "/speak")
	before := observe()
	if before.Silent != "" || before.Counters[jobs] != first.Counters[jobs]+1 {
		t.Errorf("speaking again: %+v, was %v", before, first.Counters)
	}
	undo, err := s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpKill, Instance: "shop-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask(t, s, "users:shop-1", "/work")
	if now := observe(); now.Silent != "" || now.Counters[jobs] < before.Counters[jobs]+2 || now.Counters["waiting"] != 3 || now.Lapses != 0 { // its health was asked too
		t.Errorf("started again: %+v, before %v", now, before.Counters)
	}
	ask(t, s, "users:shop-1", "/hush")
	if undo, err = s.Inject(t.Context(), []faults.Primitive{{Op: faults.OpKill, Instance: "shop-1"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	if now := observe(); now.Silent != "" || now.Lapses != 1 {
		t.Errorf("killed without a word: %+v", now)
	}
}
