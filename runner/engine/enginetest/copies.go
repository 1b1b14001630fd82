package enginetest

import (
	"testing"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
)

// copiesScenario is a CDN whose copies are fresh for a second and may be used for long while the origin fails, which it does.
const copiesScenario = `
scenario: copies
topology:
  edge:   {kind: cdn, origin: origin, cache: [{match: "GET /x", ttl: 1s, stale_if_error: 60s}]}
  origin: {kind: service, endpoints: {GET /x: [{work: 1ms}]}}
load:
  users: {to: edge, rate: 50/s, requests: [{send: GET /x}]}
phases:
  - {name: before, for: 4s}
  - {name: broken, for: 4s, faults: [{errors: 100%, status: 503, on: origin}]}
  - {name: after, for: 4s}
`

// Copies runs a CDN before an origin that fails for a phase: each request has one use of the cache, the origin sees those alone that had to
// go to it, which are one in a second while it answers, and all have an answer while it does not. within is so many requests, those
// that were under way as a phase turned.
func Copies(t *testing.T, e runner.Engine, within int64) {
	t.Helper()
	result := runText(t, e, "copies", []byte(copiesScenario))
	for _, phase := range result.Phases {
		users, origin, c := phase.Requests[0], edgeOf(t, phase, "edge-1:origin-1"), cacheOf(t, phase, "edge-1")
		if users.Failed > 0 || users.Sent != 200 {
			t.Errorf("%s: %d of %d failed, want none of 200", phase.Name, users.Failed, users.Sent)
		}
		if used := c.hits + c.misses; !near(used, users.Sent, within) {
			t.Errorf("%s: %d hits and misses of %d requests", phase.Name, used, users.Sent)
		}
		if !near(origin.Requests, c.misses, within) {
			t.Errorf("%s: %d requests crossed to the origin, and %d were misses", phase.Name, origin.Requests, c.misses)
		}
		if phase.Name == "broken" {
			if c.stale < 140 || !near(origin.Failures, c.stale, within) {
				t.Errorf("broken: %d answers are stale, of %d failures of the origin; want about 150 of as many", c.stale, origin.Failures)
			}
			continue
		}
		late := within // those that found the origin failing yet miss, and are answered with a copy
		if phase.Name == "after" {
			late += CameAfter(result.Faults[0], 50) - 1
		}
		if c.stale > late || c.misses < 4-within || c.misses > 5+late {
			t.Errorf("%s: %d misses and %d stale, want four or five, and none, but for %d", phase.Name, c.misses, c.stale, late)
		}
	}
}

// uses are what became of the requests to a cache: stale ones are misses whose answer was an old copy.
type uses struct{ hits, misses, stale int64 }

func cacheOf(t *testing.T, p record.Phase, instance string) uses {
	t.Helper()
	for _, n := range p.Nodes {
		if n.Instance == instance {
			count := func(name string) int64 { return int64(n.Counters["squall_cache_"+name+"_total"]) }
			return uses{count("hits"), count("misses"), count("stale")}
		}
	}
	t.Fatalf("phase %s has no node %s", p.Name, instance)
	return uses{}
}

func near(a, b, within int64) bool { return a-b <= within && b-a <= within }
