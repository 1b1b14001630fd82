package language_test

import (
	"errors"
	"fmt"

	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/source"
)

const shop = `scenario: shop
topology:
  shop: {kind: service, endpoints: {GET /item: [{work: 5ms}]}}
load:
  users: {to: shop, rate: 20/s, requests: [{send: GET /item}]}
phases: [{name: steady, for: 1m}]
expect: [{in: steady, p99: "< 20ms"}]
variants:
  two: {topology: {shop: {replicas: 2}}}
`

// A scenario as it stands, and one of its variants: the model is plain values.
func ExampleParse() {
	plain, err := language.Parse("shop.yaml", []byte(shop), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	two, err := language.Parse("shop.yaml", []byte(shop), "two")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(plain.Phases[0].For, two.Variant, two.Nodes[0].Replicas)
	// Output: 1m0s two 2
}

// Every mistake of a file comes at once, each with its place and what would be right.
func ExampleParse_mistakes() {
	wrong := []byte("scenario: shop\ntopology: {shop: {kind: servise}}\nload: {}\nphases: []\n")
	_, err := language.Parse("shop.yaml", wrong, "")
	problems, _ := errors.AsType[source.Problems](err)
	p := problems[0]
	fmt.Printf("%s:%d:%d: %s\n", p.File, p.Line, p.Column, p.What)
	// Output: shop.yaml:2:25: kind can't be "servise"
}
