package topology_test

import (
	"strings"
	"testing"

	"github.com/squallhq/squall/scenarios/language"
)

// A plan warns where a cdn is asked for more than it has room for, as far as that can be told before anything runs.
func TestCachesWithoutTheRoom(t *testing.T) {
	const rest = `
scenario: lint
topology:
  edge:   {kind: cdn, origin: shield, size: 100, cache: [{match: GET /item/*, ttl: 1m}]}
  shield: {kind: cdn, origin: shop, cache: [{match: /item/*, ttl: 1m}]}
  shop:   {kind: service, endpoints: {"GET /item/{id}": [], "GET /other/{id}": [], "POST /item/{id}": []}}
phases: [{name: steady, for: 10s}]
warm_up: 0s
load:
`
	const warning = `cdn "edge" has room for 100 copies (size), and is asked for up to %s: those asked for longest ago go, and are misses when they are asked for again`
	for _, c := range []struct{ name, load, up string }{
		{"enough", `users: {to: edge, rate: 100/s, requests: [{send: "GET /item/{id}", id: {zipf: 1.1, of: 100}}]}`, ""},
		{"too many", `users: {to: edge, rate: 100/s, requests: [{send: "GET /item/{id}", id: {zipf: 1.1, of: 101}}]}`, "101"},
		{"more than are ever sent", `users: {to: edge, rate: 5/s, requests: [{send: "GET /item/{id}", id: {uniform: true, of: 10000}}]}`, ""},
		{"a sequence", `users: {to: edge, rate: 30/s, requests: [{send: "GET /item/{id}"}]}`, "300"},
		{"by default", `users: {to: edge, rate: 1000/s, requests: [{send: "GET /item/{id}", id: {uniform: true}}]}`, "1000"},
		{"its part of a load", `users: {to: edge, rate: 30/s, requests: [{send: "GET /item/{id}"}, {send: "GET /other/{id}", weight: 2}]}`, ""},
		{"what no rule covers", `users: {to: edge, rate: 100/s, requests: [{send: "GET /other/{id}"}, {send: "POST /item/{id}"}]}`, ""},
		{"two loads for the same", `users: {to: edge, rate: 50/s, requests: [{send: "GET /item/{id}", id: {uniform: true, of: 90}}]}
  bots: {to: edge, rate: 50/s, requests: [{send: "GET /item/{id}", id: {uniform: true, of: 80}}]}`, ""},
		{"past it", `users: {to: shield, rate: 100/s, requests: [{send: "GET /item/{id}", id: {uniform: true, of: 500}}]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := language.Parse("lint.yaml", []byte(rest+"  "+c.load+"\n"), "")
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			if c.up != "" {
				want = strings.Replace(warning, "%s", c.up, 1)
			}
			var got []string
			for _, w := range plan(t, s).Warnings {
				if strings.Contains(w, "room") {
					got = append(got, w)
				}
			}
			if text := strings.Join(got, "\n"); text != want {
				t.Errorf("warnings: %q, want %q", text, want)
			}
		})
	}
}
