package objects

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/engine/kubernetes/manifest"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// shops is a plan of so many instances: a gateway before groups of a service of three replicas and its database.
func shops(t testing.TB, instances int) *topology.Plan {
	t.Helper()
	var text, routes strings.Builder
	groups := (instances - 1) / 4
	for n := range groups {
		replicas := 3
		if n == groups-1 {
			replicas += (instances - 1) % 4
		}
		fmt.Fprintf(&routes, "{match: /s%d/*, to: s%d}, ", n, n)
		fmt.Fprintf(&text, "  s%d: {kind: service, replicas: %d, endpoints: {\"GET /s%d/{id}\": [{work: 1ms}, {read: d%d}]}}\n  d%d: {kind: database}\n", n, replicas, n, n, n)
	}
	front := "  front: {kind: service, endpoints: {\"GET /s0/{id}\": [{work: 1ms}]}}\n"
	if groups > 0 {
		front = "  front: {kind: gateway, routes: [" + strings.TrimSuffix(routes.String(), ", ") + "]}\n"
	}
	return planOf(t, "scenario: shops\ntopology:\n"+front+text.String()+
		"load: {users: {to: front, rate: 10/s, requests: [{send: \"GET /s0/{id}\", id: {sequence: true}}]}}\nphases: [{name: steady, for: 1s}]\n", instances)
}

// halves is one of two services, each of whose replicas on one side calls all of the other's.
func halves(t testing.TB, instances int) *topology.Plan {
	t.Helper()
	return planOf(t, fmt.Sprintf(`scenario: halves
topology:
  front: {kind: service, replicas: %d, endpoints: {"GET /x": [{call: back GET /x}]}}
  back: {kind: service, replicas: %d, endpoints: {"GET /x": [{work: 1ms}]}}
load: {users: {to: front, rate: 10/s, requests: [{send: "GET /x"}]}}
phases: [{name: steady, for: 1s}]
`, instances/2, instances-instances/2), instances)
}

func planOf(t testing.TB, text string, instances int) *topology.Plan {
	t.Helper()
	doc, err := language.Parse("plan.yaml", []byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Instances) != instances {
		t.Fatalf("%d instances, want %d", len(p.Instances), instances)
	}
	return p
}

// What a plan is in a cluster, by its size: objects, edges, bytes as they are posted (JSON) and shown (YAML), and the largest object, which a cluster
// takes up to 1.5 MiB of (a secret's values: 1 MiB).
func BenchmarkObjects(b *testing.B) {
	for _, shape := range []struct {
		name string
		plan func(testing.TB, int) *topology.Plan
		of   []int
	}{{"shops", shops, []int{1, 10, 100, 1000}}, {"halves", halves, []int{10, 100}}} {
		for _, instances := range shape.of {
			b.Run(fmt.Sprintf("%s of %d", shape.name, instances), func(b *testing.B) {
				p := shape.plan(b, instances)
				o := options("testdata/shop.yaml")
				o.Token = func(instance, part string) string { return strings.Repeat("0", 64) } // as long as the engine's
				var set *Set
				for b.Loop() {
					var err error
					if set, err = Make(p, o); err != nil {
						b.Fatal(err)
					}
				}
				weighObjects(b, set, len(p.Instances), len(p.Edges))
			})
		}
	}
}

func weighObjects(b *testing.B, set *Set, instances, edges int) {
	b.Helper()
	posted, largest := 0, 0
	all := set.All()
	for _, one := range all {
		data, err := json.Marshal(one)
		if err != nil {
			b.Fatal(err)
		}
		posted, largest = posted+len(data), max(largest, len(data))
	}
	var yaml bytes.Buffer
	if err := manifest.Write(&yaml, all...); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(len(all)), "objects")
	b.ReportMetric(float64(edges), "edges")
	b.ReportMetric(float64(posted)/float64(instances), "posted-B/instance")
	b.ReportMetric(float64(yaml.Len())/float64(instances), "yaml-B/instance")
	b.ReportMetric(float64(largest), "largest-B")
}
