package kubernetes

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/runner/record"
)

// Where the network enforces policies that is found out, by the one way that is let and the one that is not.
func TestPoliciesAreEnforced(t *testing.T) {
	k := kubetest.Own(t)
	c := k.Namespace(t)
	image := ownImage(t, k)
	k.Enforce(t, c)
	p, err := New(Options{Client: c, Image: image}).Probe(t.Context(), "doctor-2")
	if err != nil {
		t.Fatal(err)
	}
	if p.Enforced == nil || !*p.Enforced {
		t.Errorf("policies enforced: %v, %s", p.Enforced, p.Why)
	}
	if left, err := claim.Left(t.Context(), c, ""); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// relayProgram asks the image that it is told for each request.
const relayProgram = `package main

import ("fmt"; "io"; "net/http"; "os")

func main() {
	to := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	fmt.Println(http.ListenAndServe(":7000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, err := to.Get("http://" + os.Args[1] + ":7000/")
		if err != nil { http.Error(w, err.Error(), 502); return }
		defer answer.Body.Close()
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	})))
}
`

// fencedIn has every way that a run takes: from generators into instances and to an external node, from built-in nodes and from an image to images and to
// replicas, past a port of an image's own, and to a Service that was there before.
const fencedIn = `scenario: fenced-in
topology:
  api:
    kind: service
    replicas: 2
    timeout: 1s
    endpoints:
      GET /far: [{call: relay GET /}]
      GET /near: [{call: shop GET /}, {write: db}]
      GET /theirs: [{call: cart GET /}]
  relay: {kind: image, image: RELAY, entrypoint: [/program, stranger], port: 7000, calls: [stranger]}
  stranger: {kind: image, image: STRANGER, entrypoint: [/program], port: 7000, health: /ready, replicas: 2}
  shop: {kind: service, replicas: 2, endpoints: {GET /: [{work: 1ms}]}}
  db: {kind: database}
  cart: {kind: external, external: cart.NAMESPACE.svc:80}
load:
  users: {to: api, rate: 20/s, requests: [{send: GET /far}, {send: GET /near}, {send: GET /theirs}]}
  direct: {to: cart, rate: 5/s, requests: [{send: GET /}]}
phases:
  - {name: steady, for: 5s}
  - {name: slow, for: 4s, faults: [{latency: 200ms, on: api -> relay}, {crash: shop-1, for: 2s}]}
  - {name: recovery, for: 5s}
expect:
  - {in: steady, of: all, success: ">= 95%"}
  - {in: slow, of: GET /far, p50: ">= 180ms"}
  - {in: recovery, of: all, success: ">= 95%"}
`

// A run's own policies break none of its ways where the network enforces them: with its conductor here and in the cluster, and where it stands between two
// Services of a team's.
func TestRunsOfAnEnforcingNetwork(t *testing.T) {
	kubetest.Whole(t)
	k := kubetest.Own(t)
	shop := k.Namespace(t)
	image := ownImage(t, k)
	twoOfATeam(t, k, shop)
	k.As(t, shop, role.More{Reroutes: []string{"cart"}}.Objects(shop.Namespace))
	k.Enforce(t, shop)
	before := serviceOf(t, shop, "cart")
	exe, dir := squallbin.Path(t), t.TempDir()
	given := strings.NewReplacer("NAMESPACE", shop.Namespace, "RELAY", k.Image(t, "relay", squallbin.Program(t, relayProgram, "0")),
		"STRANGER", k.Image(t, "stranger", squallbin.Program(t, strangerProgram, "0")))
	for name, text := range map[string]string{"fenced.yaml": fencedIn, "between.yaml": callsBetween} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(given.Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, what := range [][]string{{"fenced.yaml"}, {"fenced.yaml", "--in-cluster", "--generators", "2"}, {"between.yaml", "--allow-reroute"}} {
		run := exec.CommandContext(t.Context(), exe, append([]string{
			"run", "--engine", "kubernetes", "--image", image, "--context", "squall", "--namespace", shop.Namespace, "--allow-external",
		}, what...)...)
		run.Dir = dir
		said, err := run.CombinedOutput()
		if err != nil {
			t.Errorf("%v: %v\n%s", what, err, said)
			continue
		}
		r, err := record.Read(filepath.Join(dir, "runs", "latest"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Faults {
			if !f.Receipt.Met {
				t.Errorf("%v: nothing met %s", what, f.Kind)
			}
		}
		if left, err := claim.Left(t.Context(), shop, ""); err != nil || len(left) > 0 {
			t.Errorf("%v left %q, %v", what, left, err)
		}
	}
	same(t, before, serviceOf(t, shop, "cart"))
}
