package kubernetes

import (
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// planOf is that of a scenario's text.
func planOf(t *testing.T, text string) *topology.Plan {
	t.Helper()
	doc, err := language.Parse("s.yaml", []byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const oneService = `scenario: s
topology: {a: {kind: service, endpoints: {GET /x: [{work: 1ms}]}}}
load: {l: {to: a, rate: 1/s, requests: [{send: GET /x}]}}
phases: [{name: p, for: 1s}]
`

// A run with a namespace of its own makes everything there and nothing elsewhere; where it can't come up, the namespace goes with what is in it.
func TestNamespaceOfTheRunsOwn(t *testing.T) {
	f := kubetest.NewFake(t)
	c := f.Client(t, "team")
	f.Deny = func(verb, what string) string {
		if verb == "create" && strings.HasSuffix(what, "/pods") {
			return "violates PodSecurity"
		}
		return ""
	}
	e := New(Options{Client: c, OwnNamespace: true, Image: "squall:1"})
	plan := planOf(t, oneService)
	_, err := e.Up(t.Context(), engine.Run{Launch: runner.Launch{Plan: plan, Run: "r1", Dir: t.TempDir(), Progress: func(string) {}}, Died: func(string, error, string) {}})
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") || !strings.Contains(err.Error(), `namespace "squall-r1"`) {
		t.Errorf("it came up with %v", err)
	}
	if left := f.Paths(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	asked := f.Asked()
	for _, one := range asked {
		if strings.Contains(one, "team") {
			t.Errorf("asked for %s, outside the run's own namespace", one)
		}
	}
	if !slices.Contains(asked, "create namespaces/squall-r1/jobs") || asked[0] != "create namespaces" || asked[len(asked)-1] != "delete namespaces/squall-r1" {
		t.Errorf("asked for %q", asked)
	}
}
