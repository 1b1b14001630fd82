package virtual_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/remote"
	"github.com/squallhq/squall/runner/load/worker"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
)

// several are so many generators within the run, as `squall run --engine virtual --generators N` has them.
func several(n int) runner.Loader {
	commons := &load.Commons{}
	return remote.New(remote.Options{Generators: n, Inside: func(int) worker.Options {
		return worker.Options{Loader: load.New(load.Options{Commons: commons}), AtOnce: true}
	}})
}

// whole is a record with all that is kept beside it, but for what it says of its generators one by one, and when it was made.
func whole(t *testing.T, r *record.Result) string {
	t.Helper()
	one := *r
	one.Generators, one.Started = nil, time.Time{}
	one.Checks = slices.DeleteFunc(slices.Clone(one.Checks), func(c record.Check) bool {
		return strings.Contains(c.Name, "generators") || strings.HasPrefix(c.Name, "each generator")
	})
	var b bytes.Buffer
	for _, part := range []any{one, one.Windows, one.Series, one.Traced, one.Written} {
		text, err := json.MarshalIndent(part, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

func sameRecord(t *testing.T, what string, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	var words []string
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			words = append(words, fmt.Sprintf("line %d: %s, want %s", i, strings.TrimSpace(b[i]), strings.TrimSpace(a[i])))
		}
	}
	t.Errorf("%s: the record differs in %d of %d lines:\n%s", what, len(words), len(a), strings.Join(words[:min(len(words), 20)], "\n"))
}

func sameWhateverGenerators(t *testing.T, s *scenarios.Scenario) {
	t.Helper()
	want := whole(t, conduct(t, s, 1))
	for _, n := range []int{1, 2, 4, 8} {
		got := conductOn(t, &virtual.Engine{}, s, 1, several(n))
		sameRecord(t, fmt.Sprintf("%d generators", n), want, whole(t, got))
		var sum int64
		for _, g := range got.Generators {
			sum += g.Sent
			if g.Ended != "done" || g.OffsetMs != 0 || g.UncertaintyMs != 0 || g.DriftMs == nil || *g.DriftMs != 0 {
				t.Errorf("%d generators: %+v", n, g)
			}
		}
		if len(got.Generators) != n || sum != got.Generator.Sent {
			t.Errorf("%d generators say that they sent %d, the record %d", len(got.Generators), sum, got.Generator.Sent)
		}
	}
}

// The examples' records are the same, byte for byte, however many generators there are.
func TestTheNumberOfGeneratorsChangesNoRecord(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../examples/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for n, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			today(t, n)
			t.Parallel()
			if _, err := os.Stat(file); err != nil {
				t.Fatal(err)
			}
			doc, err := language.LoadFile(file, "")
			if err != nil {
				t.Fatal(err)
			}
			sameWhateverGenerators(t, doc.WithStandIns(scenarios.Reach{}).Scenario)
		})
	}
}

// everything is loads of every kind at one system: open, bursty, in sessions, in steps, closed, replayed by nobody; with draws, ids, tenants and
// checks, edges that are withdrawn, a limit of requests in flight that is reached, connections that are refused, and a clock of faults.
const everything = `
scenario: everything
topology:
  shop:
    kind: service
    replicas: 3
    workers: 8
    endpoints:
      "GET /item/{n}": [{work: {mean: 8ms, shape: exponential}}, {read: db}]
      "PUT /item/{n}": [{work: 2ms}, {write: db}]
      "GET /slow": [{work: 900ms}]
  db: {kind: database}
load:
  open:
    to: shop
    arrivals: poisson
    stages: [{for: 6s, from: 40/s, to: 160/s}, {for: 6s, rate: 80/s}]
    tenant: {zipf: 1.2, of: 9}
    requests: [{send: "GET /item/{n}", weight: 3, n: {zipf: 1.1, of: 50}}, {send: "PUT /item/{n}", n: {sequence: true}}]
  groups: {to: shop, rate: 30/s, arrivals: bursty, burst: 6, timeout: 400ms, requests: [{send: "GET /item/{n}", n: {uniform: true, of: 20}}]}
  few:    {to: shop, rate: 20/s, max_in_flight: 8, requests: [{send: GET /slow}]}
  users:  {to: shop, users: 9, think: {mean: 120ms, shape: exponential}, requests: [{send: "GET /item/{n}", n: {sequence: true, of: 7}}, {send: "PUT /item/{n}"}]}
  visits: {to: shop, rate: 8/s, session: {requests: 4}, think: {mean: 50ms, shape: exponential}, requests: [{send: "GET /item/{n}", weight: 2}, {send: "PUT /item/{n}"}]}
  walks:  {to: shop, rate: 6/s, session: {steps: [{send: "PUT /item/{k}", k: {uniform: true, of: 100}}, {send: "GET /item/{k}"}]}, think: {mean: 30ms}}
  crowd:  {to: shop, users: 5, session: {steps: [{send: "GET /item/{k}", k: {uniform: true, of: 100}}, {send: "PUT /item/{k}"}]}, think: {mean: 200ms, shape: exponential}}
warm_up: 1s
phases:
  - {name: steady, for: 4s}
  - name: trouble
    for: 5s
    faults:
      - {stop: shop-1, at: 500ms, for: 1s}
      - {outage: shop-2, at: 1s, for: 2s}
      - {latency: 30ms, jitter: 10ms, on: open -> shop, at: 2s, for: 2s}
      - {crash: shop-3, at: 4s, for: 500ms}
  - {name: after, for: 3s}
`

// Loads of every kind give the same record, byte for byte, however many generators there are.
func TestTheNumberOfGeneratorsChangesNoLoad(t *testing.T) {
	t.Parallel()
	s := parse(t, everything)
	want := conduct(t, s, 3)
	for _, l := range s.Loads {
		sent := int64(0)
		for _, p := range want.Phases {
			for _, q := range p.Requests {
				if q.Load == l.Name {
					sent += q.Sent
				}
			}
		}
		if sent < 50 {
			t.Errorf("load %s sent %d", l.Name, sent)
		}
	}
	if !want.Generator.Limited || want.Generator.Unsent == 0 {
		t.Errorf("no limit was reached: %+v", want.Generator)
	}
	for _, n := range []int{1, 2, 4, 8} {
		got := conductOn(t, &virtual.Engine{}, s, 3, several(n))
		sameRecord(t, fmt.Sprintf("%d generators", n), whole(t, want), whole(t, got))
	}
}

// Where each generator has its own connections, as in processes of their own, the requests and what became of them are the same where connecting costs
// nothing; there are more connections.
func TestGeneratorsWithTheirOwnConnections(t *testing.T) {
	t.Parallel()
	s := quickstart(t)
	s.Phases = s.Phases[:1]
	want := conduct(t, s, 1)
	for _, n := range []int{2, 4, 8} {
		own := remote.New(remote.Options{Generators: n, Inside: func(int) worker.Options {
			return worker.Options{Loader: load.New(load.Options{}), AtOnce: true}
		}})
		got := conductOn(t, &virtual.Engine{}, s, 1, own)
		for i, p := range want.Phases {
			for j, q := range p.Requests {
				o := got.Phases[i].Requests[j]
				if o.Request != q.Request || o.Sent != q.Sent || o.OK != q.OK || o.Failed != q.Failed || o.Degraded != q.Degraded || math.Abs(o.LatencyMs.P99-q.LatencyMs.P99) > .02 {
					t.Errorf("%d generators: %s sent %d, p99 %v ms; want %d, %v ms", n, q.Request, o.Sent, o.LatencyMs.P99, q.Sent, q.LatencyMs.P99)
				}
			}
		}
		if a, b := want.Edges[0].Connections, got.Edges[0].Connections; b < a || b > int64(n)*a {
			t.Errorf("%d generators have %d connections, one %d", n, b, a)
		}
		if got.Generator.MaxInFlight != want.Generator.MaxInFlight || got.Writes.Acknowledged != want.Writes.Acknowledged {
			t.Errorf("%d generators: %+v", n, got.Generator)
		}
	}
}
