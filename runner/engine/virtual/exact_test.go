package virtual_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// steady is 100 requests a second at exact times, for so many seconds, with faults in a phase of their own: from second 5 to second 10.
func steady(t *testing.T, file string) []record.Sample {
	t.Helper()
	s, err := language.Parse("x.yaml", []byte(file), "")
	if err != nil {
		t.Fatal(err)
	}
	_, samples := tapped(t, s.Scenario, 1)
	slices.SortFunc(samples, func(a, b record.Sample) int { return int(a.Intended - b.Intended) })
	return slices.DeleteFunc(samples, func(s record.Sample) bool { return s.Intended < 0 })
}

// spans tells a run of samples as "from: what", one line whenever what changes.
func spans(samples []record.Sample, what func(record.Sample) string) []string {
	var out []string
	last := ""
	for _, one := range samples {
		if now := what(one); now != last {
			out = append(out, fmt.Sprintf("%v: %s", one.Intended, now))
			last = now
		}
	}
	return out
}

// crossings is more than what a request's crossings of the network take, in whatever company it is.
const crossings = 5 * time.Microsecond

func statusAndTime(s record.Sample) string {
	took := (s.Done - s.Intended).Round(crossings)
	return strings.TrimSpace(fmt.Sprintf("%d after %v %s", s.Status, took, s.Error))
}

// A breaker opens with the call that makes it half failures, stays open for exactly its time, and lets one probe through then.
func TestBreakerTimesAreExact(t *testing.T) {
	got := spans(steady(t, `
scenario: breaker
topology:
  front:
    kind: service
    endpoints: {GET /: [{call: back GET /, circuit_breaker: {failures: 50%, of: 20, open_for: 1.999s}}]}
  back: {kind: service, endpoints: {GET /: [{work: 1ms}]}}
load: {users: {to: front, rate: 100/s, requests: [{send: GET /}]}}
phases:
  - {name: well, for: 5s}
  - {name: broken, for: 5s, faults: [{errors: 100%, on: back}]}
  - {name: after, for: 5s}
`), statusAndTime)
	want := []string{
		"0s: 200 after 1ms",
		"5s: 502 after 0s 502",    // ten of the last twenty have failed at 5.09
		"5.1s: 503 after 0s 503",  // open until 7.089, which is before the crossings of the next call
		"7.09s: 502 after 0s 502", // the probe
		"7.1s: 503 after 0s 503",  // open until 9.089
		"9.09s: 502 after 0s 502",
		"9.1s: 503 after 0s 503",
		"11.09s: 200 after 1ms",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Half of its core makes everything that computes take twice as long, from and until the very request; work that only
// takes time is not touched.
func TestThrottlingIsExact(t *testing.T) {
	got := spans(steady(t, `
scenario: throttled
topology: {server: {kind: service, endpoints: {GET /: [{compute: 4ms}, {work: 3ms}]}}}
load: {users: {to: server, rate: 100/s, requests: [{send: GET /}]}}
phases:
  - {name: well, for: 5s}
  - {name: throttled, for: 5s, faults: [{cpu: server, cores: 0.5}]}
  - {name: after, for: 5s}
`), statusAndTime)
	want := []string{"0s: 200 after 7ms", "5s: 200 after 11ms", "10s: 200 after 7ms"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a stopped server would have done waits for the end of the pause; what takes time takes the rest of it then. Each
// request that comes while it is stopped is answered 4 ms after the pause, but for the sharing of the core.
func TestPauseIsExact(t *testing.T) {
	samples := steady(t, `
scenario: paused
topology: {server: {kind: service, cpus: 1000, workers: 10000, endpoints: {GET /: [{compute: 4ms}]}}}
load: {users: {to: server, rate: 100/s, requests: [{send: GET /}]}}
phases:
  - {name: well, for: 5s}
  - {name: paused, for: 5s, faults: [{pause: server}]}
  - {name: after, for: 5s}
`)
	for _, one := range samples {
		want := one.Intended + 4*time.Millisecond
		if one.Intended >= 5*time.Second && one.Intended < 10*time.Second {
			want = 10*time.Second + 4*time.Millisecond
		}
		// The clocks of run and load differ by a ns, so that pauses come before requests.
		if off := one.Done - want; off > crossings || off < -time.Nanosecond || one.Status != 200 {
			t.Fatalf("the request of %v: status %d at %v, want 200 at %v", one.Intended, one.Status, one.Done, want)
		}
	}
}

// A killed server refuses at once and is there again at once; its database has every acknowledged write once.
func TestKillIsExact(t *testing.T) {
	s, err := language.Parse("x.yaml", []byte(`
scenario: killed
topology:
  server: {kind: service, endpoints: {"POST /orders/{id}": [{write: db, timeout: 1s}]}}
  db: {kind: database, write_time: 5ms}
load: {users: {to: server, rate: 100/s, requests: [{send: "POST /orders/{id}"}]}}
phases:
  - {name: well, for: 5s}
  - {name: crash, for: 5s, faults: [{crash: db, restart_after: 3s}]}
  - {name: after, for: 5s}
`), "")
	if err != nil {
		t.Fatal(err)
	}
	result, samples := tapped(t, s.Scenario, 1)
	slices.SortFunc(samples, func(a, b record.Sample) int { return int(a.Intended - b.Intended) })
	samples = slices.DeleteFunc(samples, func(s record.Sample) bool { return s.Intended < 0 })
	got := spans(samples, func(s record.Sample) string { return statusAndTime(s) })
	want := []string{"0s: 200 after 5ms", "5s: 502 after 0s 502", "8s: 200 after 5ms"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if w := result.Writes; w.Lost != 0 || w.Duplicated != 0 || w.Acknowledged != 1200+200 { // with the warm-up's
		t.Errorf("writes %+v", w)
	}
}

func TestImagesAreRefusedWithWhatWouldStandIn(t *testing.T) {
	s := &scenarios.Scenario{
		Name: "images",
		Nodes: []*scenarios.Node{
			{Name: "mail", Kind: scenarios.KindImage, Image: "mailer:1"},
			{Name: "db", Kind: scenarios.KindDatabase, Image: "postgres:16"},
			{Name: "front", Kind: scenarios.KindCDN, Image: "varnish:7"},
		},
		Loads:  []*scenarios.Load{{Name: "users", To: "mail", Rate: 1, Requests: []scenarios.Request{{Send: "GET /"}}}},
		Phases: []*scenarios.Phase{{Name: "only", For: time.Second}},
	}
	p, err := topology.New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	got := (&virtual.Engine{}).Check(p)
	for _, want := range []string{`"mail" wants image "mailer:1"`, "{kind: service", `"db" wants`, "stand_in: {kind: database}", `"front"`, "{kind: cdn"} {
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("%v\ndoes not say %s", got, want)
		}
	}
	p.Faults = []topology.ResolvedFault{{Fault: faults.Fault{Kind: faults.Refuse{}}, Primitives: []faults.Primitive{{Op: "teleport", Instance: "db-1"}}}}
	if got := (&virtual.Engine{}).Check(p); got == nil || !strings.Contains(errors.Join(got).Error(), `knows no "teleport"`) {
		t.Errorf("an unknown primitive: %v", got)
	}
}
