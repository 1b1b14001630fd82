package topology_test

import (
	"strings"
	"testing"

	"github.com/squallhq/squall/scenarios/language"
)

// What a plan says before anything runs about policies that work against each other.
func TestPoliciesThatWorkAgainstEachOther(t *testing.T) {
	const rest = `
scenario: lint
load: {users: {to: api, rate: 10/s, requests: [{send: GET /}]}}
phases: [{name: steady, for: 10s}]
`
	for _, c := range []struct{ name, topology, want string }{
		{"a ladder", `
  api: {kind: gateway, timeout: 500ms, routes: [{match: /*, to: shop}]}
  shop: {kind: service, timeout: 200ms, endpoints: {GET /: [{call: prices GET /}]}}
  prices: {kind: service, endpoints: {GET /: [{work: 1ms}]}}`, ""},
		{"a ladder upside down", `
  api: {kind: gateway, timeout: 500ms, routes: [{match: /*, to: shop}]}
  shop: {kind: service, timeout: 800ms, endpoints: {GET /: [{call: prices GET /}]}}
  prices: {kind: service, endpoints: {GET /: [{work: 1ms}]}}`,
			"api gives up on shop after 500ms, and shop waits 800ms for prices: what it does about a prices that hangs comes when nobody waits for it"},
		{"a rung that is missing", `
  api: {kind: gateway, timeout: 500ms, routes: [{match: /*, to: shop}]}
  shop: {kind: service, endpoints: {GET /: [{call: prices GET /, timeout: 100ms}, {call: stock GET /}]}}
  prices: {kind: service, endpoints: {GET /: [{work: 1ms}]}}
  stock: {kind: service, endpoints: {GET /: [{work: 1ms}]}}`,
			"api gives up on shop after 500ms, and shop waits without a timeout for stock: what it does about a stock that hangs comes when nobody waits for it"},
		{"retries at one layer", `
  api: {kind: service, endpoints: {GET /: [{call: shop GET /}]}}
  shop: {kind: service, retry: {attempts: 3}, endpoints: {GET /: [{call: prices GET /}]}}
  prices: {kind: service, endpoints: {GET /: [{work: 1ms}]}}`, ""},
		{"retries at two", `
  api: {kind: service, retry: {attempts: 3}, endpoints: {GET /: [{call: shop GET /}]}}
  shop: {kind: service, endpoints: {GET /: [{call: prices GET /, retry: {attempts: 4}}]}}
  prices: {kind: service, endpoints: {GET /: [{work: 1ms}]}}`,
			"retries multiply along api -> shop -> prices: up to 12 attempts for one request; retry at one layer, or within a budget"},
		{"retries at two, one within a budget", `
  api: {kind: service, retry: {attempts: 3, budget: 10%}, endpoints: {GET /: [{call: shop GET /}]}}
  shop: {kind: service, retry: {attempts: 4}, endpoints: {GET /: [{call: prices GET /}]}}
  prices: {kind: service, endpoints: {GET /: [{work: 1ms}]}}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := language.Parse("lint.yaml", []byte(rest+"topology:"+c.topology+"\n"), "")
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(plan(t, s).Warnings, "\n"); got != c.want {
				t.Errorf("warnings: %q, want %q", got, c.want)
			}
		})
	}
}
