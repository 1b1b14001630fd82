package blast

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/squallhq/squall/scenarios/language"
)

const shop = `scenario: shop
topology:
  edge: {kind: gateway, routes: [{match: /admin/*, to: price}, {match: /*, to: shop, split: {to: new, share: 20%}}]}
  new: {kind: service, endpoints: {"GET /x": [{work: 1ms}], "GET /y/{id}": [{work: 1ms}]}}
  shop:
    kind: service
    replicas: 3
    endpoints:
      "GET /x": [{work: 1ms}]
      "GET /y/{id}": [{call: "stock GET /z"}, {parallel: [{call: "price GET /p"}, {write: mail}]}]
  stock: {kind: service, replicas: 2, endpoints: {"GET /z": [{work: 1ms}]}}
  price: {kind: service, replicas: 4, endpoints: {"GET /p": [{work: 1ms}]}}
  mail: {kind: queue, to: "post POST /mail"}
  post: {kind: service, endpoints: {"POST /mail": [{work: 1ms}]}}
load:
  users: {to: edge, rate: 10/s, requests: [{send: "GET /x", weight: 3}, {send: "GET /y/{id}"}]}
  staff: {to: shop, rate: 1/s, requests: [{send: GET /x}]}
phases: [{name: steady, for: 10s}]
`

// What a fault reaches is counted on the plan, and requests by the ways that they may go: past instances that are not hit, through replicas with
// the chance that one of them is, and not where nobody waits.
func TestRadius(t *testing.T) {
	doc, err := language.Parse("shop.yaml", []byte(shop), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fault, hits string
		x, y, staff float64
	}{
		{"pause: shop-2", "1 of 3 replicas of shop", .8 / 3, .8 / 3, 1. / 3},
		{"latency: 1s, on: shop -> stock-1", "3 of 6 connections shop -> stock", 0, .4, 0},
		{"refuse: shop-1 -> price", "4 of 12 connections shop -> price", 0, .8 / 3, 0},
		{"pause: [stock-1, price-1]", "1 of 2 replicas of stock, 1 of 4 replicas of price", 0, .8 * (1 - .5*.75), 0},
		{"pause: price", "4 of 4 replicas of price", 0, .8, 0},
		{"pause: new", "1 of 1 replica of new", .2, .2, 0},
		{"pause: [shop, new]", "1 of 1 replica of new, 3 of 3 replicas of shop", 1, 1, 1}, // each request goes to one of them
		{"machine_drain: shop-2", "1 of 3 replicas of shop, and all that is beside them on their machines", .8 / 3, .8 / 3, 1. / 3},
		{"pause: post", "1 of 1 replica of post", 0, 0, 0}, // the queue delivers, and no user waits
		{"latency: 1s, on: users -> edge", "1 of 1 connection users -> edge", 1, 1, 0},
		{"outage: mail", "1 of 1 connection mail -> post, 3 of 3 connections shop -> mail", 0, .8, 0},
	} {
		with, err := doc.ByHand(1, c.fault, time.Second)
		if err != nil {
			t.Fatalf("%s: %v", c.fault, err)
		}
		got := Of(with, with.Faults[len(with.Faults)-1])
		if got.String() != c.hits {
			t.Errorf("%s hits %q, want %q", c.fault, got, c.hits)
		}
		for i, want := range []float64{c.x, c.y, c.staff} {
			if r := got.Requests[i]; math.Abs(r.Share-want) > 1e-9 {
				t.Errorf("%s may meet %v of %s of %s, want %v", c.fault, r.Share, r.Request, r.Load, want)
			}
		}
	}
	if fmt.Sprint(Radius{}) != "" {
		t.Error("nothing hits something")
	}
}

// A gateway that asks about each token waits for that, whichever way the request goes then.
func TestRadiusOfAnIdentity(t *testing.T) {
	doc, err := language.Parse("gate.yaml", []byte(`scenario: gate
topology:
  edge: {kind: gateway, auth: introspect, identity: id GET /introspect, routes: [{match: /*, to: shop}]}
  id: {kind: service, replicas: 2, endpoints: {"GET /introspect": [{work: 1ms}]}}
  shop: {kind: service, endpoints: {"GET /x": [{work: 1ms}]}}
load:
  users: {to: edge, rate: 10/s, headers: {Authorization: Bearer x}, requests: [{send: GET /x}]}
phases: [{name: steady, for: 10s}]
`), "")
	if err != nil {
		t.Fatal(err)
	}
	with, err := doc.ByHand(1, "pause: id-1", time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if got := Of(with, with.Faults[len(with.Faults)-1]).Requests[0].Share; got != .5 {
		t.Errorf("half of the identity's replicas reach %v of the requests, want .5", got)
	}
}

// The endpoint that answers a request is the one that the service would take, the most specific one, and a call to a port of an image goes over the
// edge to that port alone.
func TestRadiusOfOneEndpointAndPort(t *testing.T) {
	doc, err := language.Parse("files.yaml", []byte(`scenario: files
topology:
  files:
    kind: service
    endpoints:
      "GET /{path...}": [{call: "app GET /"}]
      "GET /a/{id}": [{call: "app:9090 GET /metrics"}]
      "GET /a/b": [{work: 1ms}]
  app: {kind: image, image: "app:1", ports: {web: 8080, admin: 9090}}
load:
  users: {to: files, rate: 10/s, requests: [{send: GET /x/y/z}, {send: GET /a/7}, {send: GET /a/b}]}
phases: [{name: steady, for: 10s}]
`), "")
	if err != nil {
		t.Fatal(err)
	}
	for fault, want := range map[string][]float64{
		"pause: app":                         {1, 1, 0},
		"latency: 1s, on: files -> app:9090": {0, 1, 0},
		"latency: 1s, on: files -> app:8080": {1, 0, 0},
	} {
		with, err := doc.ByHand(1, fault, time.Second)
		if err != nil {
			t.Fatalf("%s: %v", fault, err)
		}
		for i, r := range Of(with, with.Faults[len(with.Faults)-1]).Requests {
			if r.Share != want[i] {
				t.Errorf("%s may meet %v of %s, want %v", fault, r.Share, r.Request, want[i])
			}
		}
	}
}
