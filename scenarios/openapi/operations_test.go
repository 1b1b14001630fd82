package openapi

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/scenarios/source"
)

const shop = `openapi: 3.0.3
servers: [{url: "https://shop.example/v1/"}]
paths:
  x-note: {get: {}}
  /items/{item.id}:
    parameters: [{$ref: "#/components/parameters/lang"}]
    get:
      parameters: [{name: page, in: query, required: true, schema: {type: integer}}, {name: q, in: query}]
      responses: {"200": {}, "404": {}, default: {}}
  /orders:
    post:
      requestBody: {content: {text/plain: {}, application/json: {schema: {$ref: "#/components/schemas/order"}}}}
      responses: {"201": {}, "202": {}}
components:
  parameters: {lang: {name: lang, in: query, required: true, schema: {enum: [de, en]}}}
  schemas:
    order:
      allOf:
        - {type: object, properties: {id: {type: integer, minimum: 7}, by: {type: string, format: email}, self: {$ref: "#/components/schemas/order"}}}
        - {properties: {lines: {type: array, items: {type: object, properties: {sku: {type: string, example: a-1}, gift: {type: boolean}}}}}}
`

func TestOperations(t *testing.T) {
	t.Parallel()
	root, problems := source.Read("x", []byte(shop))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got, _, what := Read(root, Methods)
	if what != "" || len(got) != 2 {
		t.Fatalf("%q, %d operations", what, len(got))
	}
	if got[0].Send != "GET /v1/items/{item-id}?lang=de&page={page}" || !cmp.Equal(got[0].Statuses, []int{200}) || got[0].Body != nil {
		t.Errorf("%+v", got[0])
	}
	body := got[1].Body.Words()
	if got[1].Send != "POST /v1/orders" || !cmp.Equal(got[1].Statuses, []int{201, 202}) ||
		!strings.HasPrefix(body, "{id: 7, by: user@example.org, self: {id: 7") || !strings.HasSuffix(body, "lines: [{sku: a-1, gift: true}]}") {
		t.Errorf("%+v %s", got[1], body)
	}
	if got, _, what := Read(root, []string{"GET"}); what != "" || len(got) != 1 {
		t.Errorf("%q, %v", what, got)
	}
	for text, want := range map[string]string{"a: b": "no openapi", "openapi: 3.0.0": "no paths", "openapi: 3\npaths: {/a: {post: {}}}": "no operation of GET"} {
		root, _ := source.Read("x", []byte(text))
		if _, at, what := Read(root, []string{"GET"}); !strings.Contains(what, want) || at == nil {
			t.Errorf("%q: %q", text, what)
		}
	}
}

// Whatever a description says, what comes of it is METHOD /path in one word each.
func FuzzOperations(f *testing.F) {
	f.Add(shop)
	f.Add("openapi: 3\npaths: {/a b*{x{}: {get: {parameters: [{name: \"1\", in: query, required: true}]}}}")
	f.Add(`openapi: "3.1.0"
info: {title: Pets, version: "1"}
paths:
  /pets/{petId}/toys/{toy-id}:
    parameters: [{name: petId, in: path, required: true, schema: {type: [integer, "null"], minimum: 1}}, {$ref: "other.yaml#/x"}]
    put:
      security: [{key: []}]
      parameters: [{name: "a b", in: query, required: true, example: "x y#z"}, {name: X-Id, in: header, required: true}]
      requestBody:
        required: true
        content:
          application/json:
            examples: {one: {value: {id: 1e400, tags: [a, null], at: 2026-01-01}}}
            schema: {oneOf: [{$ref: "#/components/schemas/Pet"}, {type: string, format: binary}], discriminator: {propertyName: kind}}
      responses: {2XX: {description: ok}, "299": {}, "99": {}}
components: {schemas: {Pet: {type: object, properties: {self: {$ref: "#/components/schemas/Pet"}, kind: {enum: [cat]}}, additionalProperties: {$ref: "#"}}}}
`)
	f.Fuzz(func(t *testing.T, text string) {
		root, problems := source.Read("x", []byte(text))
		if root == nil || len(problems) > 0 {
			return
		}
		operations, _, _ := Read(root, Methods)
		for _, o := range operations {
			if method, path, ok := strings.Cut(o.Send, " "); !ok || !slices.Contains(Methods, method) || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \n#") {
				t.Errorf("%q", o.Send)
			}
		}
	})
}
