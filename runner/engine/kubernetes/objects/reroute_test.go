package objects

import (
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/scenarios/language"
)

// A rerouted Service's pod listens where the Service leads to, by number or by name, and leads on by another Service that selects what that did.
func TestRerouteIsWhereTheServiceLeads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target any
		listen string
		name   string
	}{{nil, ":80", ""}, {8080.0, ":8080", ""}, {"web", ":20000", "web"}, {float64(meshPort), ":15070", ""}} {
		o := options("testdata/reroute.yaml")
		given := kinds.Service{Spec: kinds.ServiceSpec{
			ClusterIP: "10.0.0.1", Selector: map[string]string{"app": "cart"}, Ports: []kinds.ServicePort{{Name: "http", Port: 80, TargetPort: c.target, NodePort: 30080}},
		}}
		o.Rerouted = map[string]kinds.Service{"cart": given}
		set, err := Make(plan(t, "testdata/reroute.yaml"), o)
		if err != nil {
			t.Fatal(err)
		}
		p := set.Layout.Place("reroute-cart")
		if p == nil || p.Service != "cart" || set.Layout.Listen["frontend-1:cart-1"] != c.listen || set.Layout.Carrier["frontend-1:cart-1"] != p.Name {
			t.Fatalf("to %v: %+v listens at %s", c.target, p, set.Layout.Listen["frontend-1:cart-1"])
		}
		if p.Mesh == p.Serves {
			t.Errorf("to %v: the mesh is controlled on the port that it serves", c.target)
		}
		var pod kinds.Pod
		for _, one := range set.Pods {
			if one.Metadata.Name == p.Pod {
				pod = one
			}
		}
		guard := pod.Spec.Containers[0]
		if got := guard.Ports[0]; got.Name != c.name || got.ContainerPort != p.Serves {
			t.Errorf("to %v: its port is %+v", c.target, got)
		}
		for key, value := range p.Selects("r") {
			if pod.Metadata.Labels[key] != value {
				t.Errorf("the Service selects %s: %s, which its pod has not: %v", key, value, pod.Metadata.Labels)
			}
		}
		on := set.Services[0]
		if on.Metadata.Name != p.Through || on.Spec.Selector["app"] != "cart" || on.Spec.Ports[0].Port != 80 || on.Spec.Ports[0].NodePort != 0 || on.Metadata.OwnerReferences == nil {
			t.Errorf("to %v: it leads on by %+v", c.target, on)
		}
		if given.Spec.Ports[0].NodePort != 30080 {
			t.Error("the Service that was given was changed")
		}
	}
}

// Edges between what others run that no Service of the run's namespace can be led over are refused.
func TestRerouteRefusals(t *testing.T) {
	t.Parallel()
	const text = `scenario: s
load: {l: {to: frontend, rate: 1/s, requests: [{send: GET /x}]}}
phases: [{name: p, for: 1s}]
topology:
  frontend: {kind: external, external: frontend.shop.svc:80, calls: [cart]}
  admin: {kind: external, external: admin.shop.svc:80}
  cart: {kind: external, external: cart.team.svc:80}
`
	for _, c := range []struct{ old, new, want string }{
		{"cart.team.svc", "cart.shop.svc", "Service cart is in namespace shop, and only a pod of the same can be in its place: run there, with --namespace shop"},
		{"cart.team.svc", "cart.example.com", `"cart" is external at cart.example.com, which is no Service of the cluster`},
		{"cart.team.svc", "cart.svc", "write NAME.NAMESPACE.svc"},
		{"admin.shop.svc:80", "admin.shop.svc:80, calls: [cart]", `"cart", too, and requests to one Service don't say whose they are`},
		{"", "", ""},
	} {
		doc, err := language.Parse("s.yaml", []byte(strings.ReplaceAll(text, c.old, c.new)), "")
		if c.old == "" {
			doc, err = language.Parse("s.yaml", []byte(text), "")
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := doc.Plan(1)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Make(p, options("testdata/shop.yaml"))
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.new, err, c.want)
		}
	}
}
