package kubernetes

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/reroute"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/scenarios"
)

// A Service is found by its host at its own address, and what none is known by is left to others. What can't be one place is refused, with what would be right.
func TestFindServices(t *testing.T) {
	t.Parallel()
	f := kubetest.NewFake(t)
	put := func(path string, spec kinds.ServiceSpec) { f.Put("namespaces/"+path, kinds.Service{Spec: spec}) }
	ports := []kinds.ServicePort{{Name: "dns", Protocol: "UDP", Port: 53}, {Name: "http", Port: 80}, {Name: "admin", Protocol: "TCP", Port: 9090}}
	put("shop/services/cart", kinds.ServiceSpec{ClusterIP: "10.96.0.7", Ports: ports})
	put("shop/services/six", kinds.ServiceSpec{ClusterIP: "fd00::7", Ports: ports})
	put("shop/services/pods", kinds.ServiceSpec{ClusterIP: "None", Ports: ports})
	put("shop/services/away", kinds.ServiceSpec{Type: "ExternalName", ExternalName: "cart.example.com"})
	f.Allow = func(verb, what string) bool { return !strings.HasPrefix(what, "namespaces/closed/") }
	e := New(Options{Client: f.Client(t, "team")})
	for host, want := range map[string]string{
		"cart.shop.svc:80":                  "10.96.0.7:80",
		"cart.shop.svc.cluster.local:9090":  "10.96.0.7:9090",
		"Cart.Shop.svc.:80":                 "10.96.0.7:80",
		"six.shop.svc:80":                   "[fd00::7]:80",
		"cart.shop:80":                      "",
		"shop.example.com:443":              "",
		"10.96.0.7:80":                      "",
		"cart.shop.svc:81":                  "Service cart in namespace shop has no TCP port 81; it has 80, 9090",
		"cart.shop.svc:53":                  "has no TCP port 53",
		"pods.shop.svc:80":                  "is headless",
		"away.shop.svc:80":                  "another name for cart.example.com",
		"gone.shop.svc:80":                  "there is no Service gone in namespace shop",
		"cart.svc:80":                       "write NAME.NAMESPACE.svc, as in cart.shop.svc",
		"cart-0.cart.shop.svc:80":           "is no Service's host",
		"cart.closed.svc.cluster.local:443": "with --target closed",
	} {
		at, err := scenarios.ParseExternal(host)
		if err != nil {
			t.Fatal(err)
		}
		found, known, err := e.Find(t.Context(), &scenarios.Node{Name: "cart", External: &at})
		switch {
		case want == "":
			if known || err != nil {
				t.Errorf("%s: known %v, %v", host, known, err)
			}
		case err != nil:
			if !known || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", host, err, want)
			}
		case !known || found.String() != want:
			t.Errorf("%s: at %s, known %v; want %s", host, found, known, want)
		}
	}
}

// A Service is outside this machine: nothing is sent to it, and nothing made, unless that is allowed.
func TestServicesHaveToBeAllowed(t *testing.T) {
	t.Parallel()
	f := kubetest.NewFake(t)
	f.Put("namespaces/shop/services/cart", kinds.Service{Spec: kinds.ServiceSpec{ClusterIP: "10.96.0.7", Ports: []kinds.ServicePort{{Port: 80}}}})
	e := New(Options{Client: f.Client(t, "team"), Image: "squall:1"})
	plan := planOf(t, strings.ReplaceAll(oneService, "{kind: service, endpoints: {GET /x: [{work: 1ms}]}}", "{kind: external, external: cart.shop.svc:80}"))
	_, err := engine.Launch(t.Context(), e, runner.Launch{Plan: plan, Run: "r1", Dir: t.TempDir(), Progress: func(string) {}})
	no, is := errors.AsType[*runner.NotAllowed](err)
	if !is || no.Address != "cart.shop.svc:80" || no.At[0].String() != "10.96.0.7" {
		t.Errorf("it is %v", err)
	}
	if asked := f.Asked(); len(asked) > 0 {
		t.Errorf("asked for %q", asked)
	}
}

const callsCart = `scenario: calls-a-service-of-the-cluster
topology:
  api: {kind: service, timeout: 1s, endpoints: {GET /buy: [{call: cart GET /}]}}
  cart: {kind: external, external: cart.NAMESPACE.svc:80}
load:
  users: {to: api, rate: 20/s, requests: [{send: GET /buy}]}
  direct: {to: cart, rate: 10/s, requests: [{send: GET /}]}
phases:
  - {name: steady, for: 6s}
  - {name: slow, for: 6s, faults: [{latency: 400ms, on: api -> cart}]}
  - {name: cut, for: 6s, faults: [{refuse: api -> cart}]}
  - {name: recovery, for: 4s}
expect:
  - {in: steady, of: all, success: ">= 95%"}
  - {in: slow, of: GET /buy, p50: "> 300ms"}
  - {in: slow, of: GET /, p50: "< 200ms"}
  - {in: cut, of: GET /buy, success: "< 10%"}
  - {in: cut, of: GET /, success: ">= 95%"}
`

// served is a Service cart in a namespace, and one pod behind it, of an image that serves on port 7000; it waits until the pod is ready.
func served(t *testing.T, c *apiserver.Client, image string) {
	t.Helper()
	pod := kubetest.Restricted("cart", image)
	pod.Metadata.Labels = map[string]string{"app": "cart"}
	pod.Spec.Containers[0].ReadinessProbe = &kinds.Probe{HTTPGet: &kinds.HTTPGet{Path: "/ready", Port: 7000}, PeriodSeconds: 1}
	service := kinds.Service{TypeMeta: apiserver.Services.Type(), Metadata: kinds.ObjectMeta{Name: "cart", Labels: map[string]string{"team": "shop"}}, Spec: kinds.ServiceSpec{
		Selector: map[string]string{"app": "cart"}, Ports: []kinds.ServicePort{{Name: "http", Port: 80, TargetPort: 7000}},
	}}
	if err := c.Create(t.Context(), apiserver.Services, service, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(t.Context(), apiserver.Pods, pod, nil); err != nil {
		t.Fatal(err)
	}
	kubetest.Await(t, c, apiserver.Pods, "cart", func(p kinds.Pod) bool { return p.Status.Is("Ready") })
}

const callsBetween = `scenario: between-two-of-the-teams-own
topology:
  frontend: {kind: external, external: frontend.NAMESPACE.svc:80, calls: [cart]}
  cart: {kind: external, external: cart.NAMESPACE.svc:80}
load:
  users: {to: frontend, rate: 20/s, requests: [{send: GET /buy}]}
phases:
  - {name: steady, for: 6s}
  - {name: slow, for: 6s, faults: [{latency: 400ms, on: frontend -> cart}]}
  - {name: recovery, for: 6s}
expect:
  - {in: steady, of: all, success: ">= 95%", p50: "< 200ms"}
  - {in: slow, of: all, p50: "> 300ms"}
  - {in: recovery, of: all, success: ">= 95%", p50: "< 200ms"}
`

// Nobody's Service is led anywhere unless that is allowed, and before anything is made; what a guard runs is a command that there is.
func TestReroutesHaveToBeAllowed(t *testing.T) {
	t.Parallel()
	f := kubetest.NewFake(t)
	p := planOf(t, strings.ReplaceAll(callsBetween, "NAMESPACE", "shop"))
	for allowed, want := range map[bool]string{true: "", false: "Service cart in namespace shop leads to squall while the run lasts, for everybody who calls it; --allow-reroute allows it"} {
		err := New(Options{Client: f.Client(t, "shop"), Image: "squall:1", AllowReroute: allowed}).Check(p)
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("allowed %v: %v, want %s", allowed, err, want)
		}
	}
	if err := New(Options{Client: f.Client(t, "shop"), Image: "squall:1", AllowReroute: true, OwnNamespace: true}).Check(p); err == nil || !strings.Contains(err.Error(), "run there, with --namespace shop") {
		t.Errorf("in a namespace of the run's own: %v", err)
	}
	if err := engine.Check(noReroutes{}, p); err == nil || !strings.Contains(err.Error(), "can't put itself between what it did not launch") {
		t.Errorf("another engine: %v", err)
	}
	if role.Rerouter != objects.Rerouter || objects.GuardGrace != reroute.Grace {
		t.Error("the role's account is not the pods', or a guard's grace not its pod's")
	}
}

// noReroutes is an engine that reaches what is external, and no more.
type noReroutes struct{ engine.Driver }

func (noReroutes) Name() string                 { return "process" }
func (noReroutes) Has(c runner.Capability) bool { return c == runner.Externals }

// What is wrong with a Service is found before anything of it is changed: the run makes its claim, and gives that back.
func TestServiceThatCantBeRerouted(t *testing.T) {
	t.Parallel()
	f := kubetest.NewFake(t)
	f.Put("namespaces/shop/services/cart", kinds.Service{Spec: kinds.ServiceSpec{ClusterIP: "10.96.0.7", Ports: []kinds.ServicePort{{Port: 80}}}})
	e := New(Options{Client: f.Client(t, "shop"), Image: "squall:1", AllowReroute: true})
	p := planOf(t, strings.ReplaceAll(callsBetween, "NAMESPACE", "shop"))
	_, err := e.Up(t.Context(), engine.Run{Launch: runner.Launch{Plan: p, Run: "r1", Dir: t.TempDir(), Progress: func(string) {}}, Died: func(string, error, string) {}})
	if err == nil || !strings.Contains(err.Error(), "Service cart in namespace shop selects no pods") {
		t.Errorf("it is %v", err)
	}
	if want := []string{"create namespaces/shop/jobs", "delete namespaces/shop/jobs/squall-r1"}; !slices.Equal(f.Asked(), want) {
		t.Errorf("asked for %q, want %q", f.Asked(), want)
	}
}
