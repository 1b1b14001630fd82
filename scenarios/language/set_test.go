package language

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

const settable = `
scenario: s
topology:
  gw: {kind: gateway, routes: [{match: /*, to: shop}]}
  shop: {kind: service, endpoints: {"GET /v1.0/{id}": [{work: 1ms}]}}
load: {users: {to: gw, rate: 10/s, requests: [{send: GET /v1.0/7}]}}
phases: [{name: steady, for: 1s}, {name: a.b, for: 2s}]
expect: [{in: steady, success: ">= 99%"}]
variants: {fast: {load: {users: {rate: 20/s}}}}
`

// A path leads through keys with dots in them, items by name and by number, to what is there and to a key that is not; what comes of it
// is written as run, and is the same again.
func TestSet(t *testing.T) {
	doc, err := Parse("s.yaml", []byte(settable), "fast", "load.users.rate=300/s", "phases.a.b.for=7s", "phases.0.for=3s", "topology.shop.replicas=3",
		"topology.shop.endpoints.GET /v1.0/{id}.0.work={mean: 4ms, shape: exponential}", "expect.0.success=null", "expect.0.p50=< 1s")
	if err == nil {
		t.Fatal("phases.0 has a name, and is called by it")
	}
	if doc != nil || !strings.Contains(err.Error(), "phases.0.for=3s: there is no \"0\" in phases; it has steady, a.b") {
		t.Fatal(err)
	}
	doc, err = Parse("s.yaml", []byte(settable), "fast", "load.users.rate=300/s", "phases.a.b.for=7s", "phases.steady.for=3s", "topology.shop.replicas=3",
		"topology.shop.endpoints.GET /v1.0/{id}.0.work={mean: 4ms, shape: exponential}", "expect.0.success=null", "expect.0.p50=< 1s")
	if err != nil {
		t.Fatal(err)
	}
	check := func(doc *Document) {
		t.Helper()
		shop := doc.Node("shop")
		if doc.Loads[0].Rate != 300 || doc.Phases[0].For != 3*time.Second || doc.Phases[1].For != 7*time.Second || shop.Replicas != 3 ||
			doc.Expect[0].Text != "in: steady, p50 < 1s" || shop.Endpoints[0].Steps[0].Work.Mean != 4*time.Millisecond {
			t.Errorf("%+v", doc.Scenario)
		}
	}
	check(doc)
	asRun, err := doc.AsRun(1)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("again.yaml", asRun, "")
	if err != nil {
		t.Fatal(err)
	}
	check(again)
}

// A wrong path is answered with the nearest one, a wrong value in the language's own words.
func TestSetAstray(t *testing.T) {
	for set, want := range map[string]string{
		"load.userz.rate=3/s":       `there is no "userz" in load; did you mean load.users.rate?`,
		"lod.users.rate=3/s":        `there is no "lod" in the scenario; did you mean load.users.rate?`,
		"load.users.rate.x=3/s":     `load.users.rate is "10/s", and has nothing in it`,
		"load.users.rate=soon":      `rate needs a rate`,
		"load.users.raet=3/s":       `unknown key "raet"`,
		"load.users.timeout=null":   `there is no "timeout" in load.users`,
		"topology.gw.routes.4.to=x": `there is no "4" in topology.gw.routes; it has 0`,
		"load.users.rate":           `write PATH=VALUE`,
		"load.users.rate=":          `write PATH=VALUE`,
		"load.users.rate={":         `the file is not YAML`,
	} {
		_, err := Parse("s.yaml", []byte(settable), "", set)
		if _, is := errors.AsType[*SetError](err); !is || !strings.HasPrefix(err.Error(), "--set "+set+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", set, err, want)
		}
	}
	if _, err := Parse("s.yaml", []byte("scenario: s"), "", "load.users.rate=3/s"); err == nil || !strings.HasPrefix(err.Error(), "s.yaml:1:1") {
		t.Errorf("a mistake of the file is laid at the door of the change: %v", err)
	}
}

// Every path that is offered can be set to the value that it has.
func TestPathsCanBeSet(t *testing.T) {
	paths := Paths([]byte(settable), "fast")
	if !slices.Contains(paths, "load.users.rate\t20/s") || !slices.Contains(paths, "phases.a.b.for\t2s") {
		t.Fatal(paths)
	}
	for _, path := range paths {
		name, value, _ := strings.Cut(path, "\t")
		if strings.HasPrefix(name, "expect.") || strings.HasPrefix(name, "topology.gw.routes.0.match") {
			value = "'" + value + "'" // as the file quotes it
		}
		if _, err := Parse("s.yaml", []byte(settable), "fast", name+"="+value); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}
