package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/report"
)

// A comment does not make what was measured out of date; anything else does.
func TestHashIsOfTheScenario(t *testing.T) {
	of := func(text string) string { return hashOf([]byte(text)) }
	base := of("# one\nscenario: a\n\nload: {b: 1} # said\n")
	if got := of("scenario: a\n  # another\nload: {b: 1} # said\n\n"); got != base {
		t.Error("a comment of its own changed the hash")
	}
	for _, other := range []string{"scenario: a\nload: {b: 2} # said\n", "scenario: a\n  load: {b: 1} # said\n", "load: {b: 1} # said\nscenario: a\n"} {
		if of(other) == base {
			t.Errorf("the hash of %q is that of another scenario", other)
		}
	}
}

const scenario = `# covers: G6, R3
# ladder: without, half
# variant half: exit 1
# variant no-half: exit 1
scenario: steps
about: Steps.
topology: {api: {kind: service, endpoints: {GET /: [{work: 1ms}]}}}
load:
  users: {to: api, rate: 100/s, requests: [{send: GET /}]}
  more:  {to: api, stages: [{for: 1s, from: 10/s, to: 300/s}], requests: [{send: GET /}]}
phases: [{name: steady, for: 1s}]
expect: [{success: ">= 99%"}]
variants:
  without: {topology: {api: {endpoints: {GET /: [{work: 2ms}]}}}}
  half:    {topology: {api: {endpoints: {GET /: [{work: 3ms}]}}}}
  no-half: {topology: {api: {endpoints: {GET /: [{work: 4ms}]}}}}
`

func TestReadExample(t *testing.T) {
	file := filepath.Join(t.TempDir(), "steps.yaml")
	if err := os.WriteFile(file, []byte(scenario), 0o644); err != nil {
		t.Fatal(err)
	}
	e, err := readExample(file)
	if err != nil {
		t.Fatal(err)
	}
	want := &example{
		name: "steps", file: file, about: "Steps.", hash: hashOf([]byte(scenario)), covers: []string{"G6", "R3"},
		exits: map[string]report.Exit{"": 0, "without": 1, "half": 1, "no-half": 1}, ladder: []string{"without", "half"}, busiest: 400,
	}
	if diff := cmp.Diff(want, e, cmp.AllowUnexported(example{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for engine, want := range map[string][]string{docker: {"", "without", "half"}, virtual: {"", "without", "half", "no-half"}} {
		if diff := cmp.Diff(want, e.sides(engine)); diff != "" {
			t.Errorf("sides on %s: -want +got:\n%s", engine, diff)
		}
	}
}
