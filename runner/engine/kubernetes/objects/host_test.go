package objects

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios/language"
)

// An image finds a Service under every name that pods could call it by, at an address of its own pod, where the edge begins.
func TestImagesKnowServicesByAllTheirNames(t *testing.T) {
	t.Parallel()
	const text = `scenario: s
load: {l: {to: a, rate: 1/s, requests: [{send: GET /x}]}}
phases: [{name: p, for: 1s}]
topology:
  a: {kind: image, image: x, entrypoint: [/x], port: 8080, calls: [cart, db]}
  cart: {kind: external, external: cart.shop.svc:80}
  db: {kind: external, external: "10.1.2.3:5432"}
`
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
	want := []kinds.HostAlias{{IP: "127.0.0.2", Hostnames: []string{"cart", "cart.shop.svc", "cart.shop.svc.cluster.local", "cart.shop"}}, {IP: "127.0.0.3", Hostnames: []string{"db"}}}
	if diff := cmp.Diff(want, set.Pods[0].Spec.HostAliases); diff != "" {
		t.Error(diff)
	}
	if at := set.Layout.Place("a-1").Groups[0].Listen; !strings.HasPrefix(at, "127.0.0.2:80") {
		t.Errorf("its edge begins at %s", at)
	}
}
