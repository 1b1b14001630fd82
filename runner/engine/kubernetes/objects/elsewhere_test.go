package objects

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios/language"
)

const drained = `scenario: s
topology:
  web: {kind: service, replicas: 2, endpoints: {GET /x: [{call: db GET /}, {read: rows}]}}
  db: {kind: service, endpoints: {GET /: [{work: 1ms}]}}
  rows: {kind: database}
load: {l: {to: web, rate: 1/s, requests: [{send: GET /x}]}}
phases: [{name: p, for: 1s, faults: [{machine_drain: web-1}]}]
`

// An instance that may come up elsewhere is there in a pod like its own, which may be on any other machine; from there it reaches its edges, which its own pod
// has and others are not let to. Without such a fault nothing is different, and who wants to move is told why that can't be.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	make := func(text string) *Set {
		doc, err := language.Parse("s.yaml", []byte(text), "")
		if err != nil {
			t.Fatal(err)
		}
		p, err := doc.Plan(1)
		if err != nil {
			t.Fatal(err)
		}
		set, err := Make(p, options("testdata/shop.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	set := make(strings.Replace(drained, "machine_drain: web-1", "machine_drain: web-1, elsewhere_after: 1s", 1))
	web, rows := set.Layout.Place("web-1"), set.Layout.Place("rows-1")
	if !web.Moves || rows.Moves || set.Layout.Listen["web-1:db-1"] != ":20000" {
		t.Errorf("web moves: %v, rows: %v, and web's edge to db listens at %s", web.Moves, rows.Moves, set.Layout.Listen["web-1:db-1"])
	}
	there, pod, err := set.Elsewhere(web, 3, "node1")
	if err != nil {
		t.Fatal(err)
	}
	own := set.Pods[slices.IndexFunc(set.Pods, func(p kinds.Pod) bool { return p.Metadata.Name == web.Pod })]
	if there.Pod != web.Pod+"-elsewhere-3" || pod.Metadata.Name != there.Pod || own.Metadata.Name != web.Pod || own.Spec.Affinity != nil {
		t.Errorf("it is in %s, made as %s; its own is %s, which may be %+v", there.Pod, pod.Metadata.Name, own.Metadata.Name, own.Spec.Affinity)
	}
	if got := text(pod.Spec.Affinity); got != `{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"NotIn","values":["node1"]}]}]}}}` {
		t.Errorf("it may be %s", got)
	}
	pod.Metadata.Name, pod.Spec.Affinity = own.Metadata.Name, nil
	if diff := cmp.Diff(own, pod); diff != "" {
		t.Errorf("it is another one than its own in more than that:\n%s", diff)
	}
	web1, lets := end{labels: own.Metadata.Labels}, network{}.lets
	for port, let := range map[int]bool{web.Serves: true, 20000: true, 20001: true, 20002: false, web.Agent: false, web.Admin: false, web.Mesh: false} {
		if lets(set.Policies, web1, web1, port) != let {
			t.Errorf("one pod of web lets another in at %d: %v, want %v", port, !let, let)
		}
	}
	if _, _, err := set.Elsewhere(rows, 1, "node1"); err == nil {
		t.Error("a database has come up without its data")
	}
	plain := make(drained)
	if at := plain.Layout.Listen["web-1:db-1"]; at != "127.0.0.1:20000" || lets(plain.Policies, web1, web1, 20000) {
		t.Errorf("without the fault its edge listens at %s, and others may reach it: %v", at, lets(plain.Policies, web1, web1, 20000))
	}
	if _, _, err := plain.Elsewhere(plain.Layout.Place("web-1"), 1, "node1"); err == nil || !strings.Contains(err.Error(), "no machine_drain with elsewhere_after") {
		t.Errorf("without the fault: %v", err)
	}
}
