package topology_test

import (
	"fmt"

	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// A plan is a scenario made concrete: instances in the order of their start, edges, and every fault's begin and end.
func ExampleNew() {
	read, err := language.Parse("shop.yaml", []byte(`scenario: shop
topology:
  api:  {kind: gateway, routes: [{match: /*, to: shop}]}
  shop: {kind: service, replicas: 2, endpoints: {GET /item: [{work: 5ms}]}}
load:
  users: {to: api, rate: 20/s, requests: [{send: GET /item}]}
phases:
  - {name: steady, for: 20s}
  - {name: late, for: 10s, faults: [{latency: 50ms, on: api -> shop}]}
expect: [{in: steady, p99: "< 20ms"}]
`), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := topology.New(read.Scenario, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range plan.Edges {
		fmt.Println(e.Name)
	}
	for _, e := range plan.Schedule {
		fmt.Println(e.At, e.Begin, plan.Faults[e.Fault].Fault.Kind)
	}
	// Output:
	// api-1:shop-1
	// api-1:shop-2
	// users:api-1
	// 20s true latency 50ms
	// 30s false latency 50ms
}
