package wire_test

import (
	"fmt"

	"github.com/squallhq/squall/runner/wire"
)

func ExampleParseRoute() {
	catalog := wire.ParseRoute("GET /catalog/*")
	fmt.Println(catalog.Takes("GET", "/catalog/7"), catalog.Takes("HEAD", "/catalog/7"), catalog.Takes("POST", "/catalog/7"))
	// Output: true true false
}
